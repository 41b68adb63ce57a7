"""Every operation that changes a mission."""

from missions.services.adopt import AdoptFolder, FolderTaken, Placed
from missions.services.create import CreateDemo, CreateMission
from missions.services.files import CreateFile, RestoreRevision, SavedFile, SaveFile
from missions.services.invitations import (
    AcceptInvitation,
    InvitationOver,
    InviteMember,
    MadeInvitation,
    MailUnavailable,
    RevokeInvitation,
    SendInvitation,
    invitation_link,
)
from missions.services.members import AddMember, AlreadyMember, ChangeRole, LastOwner, RemoveMember
from missions.services.missions import UpdateMission
from missions.services.places import MoveFile, RemoveFile
from missions.services.proposals import AcceptProposal, ExpireProposals, RejectProposal
from missions.services.prospects import Prospect, Resolved, prospects_of
from missions.services.provenance import AttributeLines, FollowFiles, KeepProvenance
from missions.services.relocate import MoveMission, tidy_moved
from missions.services.reset import ResetMission
from missions.services.restore import RestoredFile, RestoreMissionTo
from missions.services.revert import RevertedFile, RevertRun
from missions.services.sample import LoadSample
from missions.services.states import ArchiveMission, DeleteMission, PurgeMission, RestoreMission
from missions.services.thin import ThinRevisions
from missions.services.writing import MissionArchived, MissionDeleted

__all__ = [
    "AcceptInvitation",
    "AcceptProposal",
    "AddMember",
    "AdoptFolder",
    "AlreadyMember",
    "ArchiveMission",
    "AttributeLines",
    "ChangeRole",
    "CreateDemo",
    "CreateFile",
    "CreateMission",
    "DeleteMission",
    "ExpireProposals",
    "FolderTaken",
    "FollowFiles",
    "InvitationOver",
    "InviteMember",
    "KeepProvenance",
    "LastOwner",
    "LoadSample",
    "MadeInvitation",
    "MailUnavailable",
    "MissionArchived",
    "MissionDeleted",
    "MoveFile",
    "MoveMission",
    "Placed",
    "Prospect",
    "PurgeMission",
    "RejectProposal",
    "RemoveFile",
    "RemoveMember",
    "ResetMission",
    "Resolved",
    "RestoreMission",
    "RestoreMissionTo",
    "RestoreRevision",
    "RestoredFile",
    "RevertRun",
    "RevertedFile",
    "RevokeInvitation",
    "SaveFile",
    "SavedFile",
    "SendInvitation",
    "ThinRevisions",
    "UpdateMission",
    "invitation_link",
    "prospects_of",
    "tidy_moved",
]
