"""Missions in the admin: people and titles can be changed, history only read."""

from missions.admin.base import PREVIEW, MissionFilter, ReadOnlyAdmin
from missions.admin.files import MissionFileAdmin, MissionOfFileFilter, RevisionAdmin
from missions.admin.missions import (
    MembershipAdmin,
    MembershipInline,
    MissionAdmin,
    MissionTransitionAdmin,
    TransitionInline,
)
from missions.admin.proposals import ProposalAdmin, ProposalFileInline
from missions.admin.records import (
    EventAdmin,
    HeldFilter,
    LandingRecordAdmin,
    LeaseAdmin,
    SweepAdmin,
)

__all__ = [
    "PREVIEW",
    "EventAdmin",
    "HeldFilter",
    "LandingRecordAdmin",
    "LeaseAdmin",
    "MembershipAdmin",
    "MembershipInline",
    "MissionAdmin",
    "MissionFileAdmin",
    "MissionFilter",
    "MissionOfFileFilter",
    "MissionTransitionAdmin",
    "ProposalAdmin",
    "ProposalFileInline",
    "ReadOnlyAdmin",
    "RevisionAdmin",
    "SweepAdmin",
    "TransitionInline",
]
