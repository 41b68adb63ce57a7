"""Addresses below /api/v1/ that are about missions.

A file's path ends in an extension and no folder's name does, so what follows a path is never part
of it, and a folder may be called ``diff``.
"""

import re

from django.conf import settings
from django.urls import path, register_converter
from django.urls.converters import PathConverter

from missions.api.changes import changes
from missions.api.views import (
    files,
    invitations,
    members,
    missions,
    moments,
    proposals,
    provenance,
    rendered,
    revisions,
    states,
    transfer,
)


class FilePath(PathConverter):
    """A path that ends as a file's does."""

    regex = rf".+(?i:{'|'.join(re.escape(one) for one in settings.PARALLAGON_EXTENSIONS)})"


register_converter(FilePath, "file")

_MISSION = "missions/<int:mission_id>"
_FILE = f"{_MISSION}/files/<file:path>"

urlpatterns = [
    path("missions/", missions.MissionListView.as_view(), name="missions"),
    path(f"{_MISSION}/", missions.MissionView.as_view(), name="mission"),
    path(f"{_MISSION}/reset", missions.ResetMissionView.as_view(), name="mission-reset"),
    path(f"{_MISSION}/sample-data", missions.SampleView.as_view(), name="mission-sample-data"),
    path(f"{_MISSION}/archive", states.ArchiveMissionView.as_view(), name="mission-archive"),
    path(f"{_MISSION}/restore", states.RestoreMissionView.as_view(), name="mission-restore"),
    path(f"{_MISSION}/history", states.HistoryView.as_view(), name="mission-history"),
    path(f"{_MISSION}/members/", members.MemberListView.as_view(), name="members"),
    path(f"{_MISSION}/members/<int:user_id>/", members.MemberView.as_view(), name="member"),
    path(f"{_MISSION}/invitations/", invitations.InvitationListView.as_view(), name="invitations"),
    path(
        f"{_MISSION}/invitations/<int:invitation_id>/",
        invitations.InvitationView.as_view(),
        name="invitation",
    ),
    path(
        "invitations/accept",
        invitations.AcceptInvitationView.as_view(),
        name="invitation-accept",
    ),
    path(f"{_MISSION}/export", transfer.ExportView.as_view(), name="mission-export"),
    path("missions/import", transfer.ImportView.as_view(), name="mission-import"),
    path(f"{_MISSION}/restore-to", moments.RestoreToView.as_view(), name="mission-restore-to"),
    path(f"{_MISSION}/files/", files.FileListView.as_view(), name="files"),
    path(f"{_FILE}/revisions/", revisions.RevisionListView.as_view(), name="revisions"),
    path(f"{_FILE}/revisions/<int:number>/", revisions.RevisionView.as_view(), name="revision"),
    path(f"{_FILE}/rendered", rendered.RenderedView.as_view(), name="file-rendered"),
    path(f"{_FILE}/diff", revisions.DiffView.as_view(), name="file-diff"),
    path(f"{_FILE}/provenance", provenance.ProvenanceView.as_view(), name="file-provenance"),
    path(f"{_FILE}/restore", revisions.RestoreView.as_view(), name="file-restore"),
    path(f"{_MISSION}/files/<path:path>", files.FileView.as_view(), name="file"),
    path("changes", changes, name="changes"),
    path("proposals/", proposals.ProposalListView.as_view(), name="proposals"),
    path("proposals/<int:proposal_id>/", proposals.ProposalView.as_view(), name="proposal"),
    path(
        "proposals/<int:proposal_id>/accept",
        proposals.AcceptProposalView.as_view(),
        name="proposal-accept",
    ),
    path(
        "proposals/<int:proposal_id>/reject",
        proposals.RejectProposalView.as_view(),
        name="proposal-reject",
    ),
]
