"""What a mission is made of."""

from missions.models.events import Event
from missions.models.files import Blob, MissionFile, Revision
from missions.models.integrity import Sweep
from missions.models.invitations import Invitation
from missions.models.landing import LandingRecord, Lease
from missions.models.missions import Membership, Mission, MissionTransition
from missions.models.proposals import Proposal, ProposalFile
from missions.models.provenance import Provenance

__all__ = [
    "Blob",
    "Event",
    "Invitation",
    "LandingRecord",
    "Lease",
    "Membership",
    "Mission",
    "MissionFile",
    "MissionTransition",
    "Proposal",
    "ProposalFile",
    "Provenance",
    "Revision",
    "Sweep",
]
