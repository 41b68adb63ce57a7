"""The past of a file over HTTP: its revisions, what differs between them, the way back."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from missions import selectors
from missions.api.serializers import (
    DiffFilterSerializer,
    DiffSerializer,
    RestoreSerializer,
    RevisionSerializer,
    RevisionTextSerializer,
    SavedFileSerializer,
)
from missions.api.views.base import MissionScoped
from missions.api.views.files import answer
from missions.diff import unified
from missions.models import Revision
from missions.services import RestoreRevision
from parallagon.core.api import Pages, problems


class RevisionPages(Pages):
    ordering = "-number"


class RevisionListView(MissionScoped):
    serializer_class = RevisionSerializer
    pagination_class = RevisionPages
    queryset = Revision.objects.none()

    @extend_schema(
        operation_id="revisions_list",
        responses={200: RevisionSerializer(many=True), **problems(404, 422)},
    )
    def get(self, _request: Request, path: str, **_: Any) -> Response:
        """List the revisions of a file, of a removed one too, the newest first."""
        revisions = selectors.revisions_of(mission=self.mission, path=path)
        page = self.paginate_queryset(revisions)
        return self.get_paginated_response(RevisionSerializer(page, many=True).data)


class RevisionView(MissionScoped):
    serializer_class = RevisionTextSerializer

    @extend_schema(
        operation_id="revisions_retrieve",
        responses={200: RevisionTextSerializer, **problems(404, 422)},
    )
    def get(self, _request: Request, path: str, number: int, **_: Any) -> Response:
        """Read a file as it was."""
        revision = selectors.revision_of(mission=self.mission, path=path, number=number)
        revision.text = selectors.text_of(revision)  # type: ignore[attr-defined] # for the serializer
        return Response(RevisionTextSerializer(revision).data)


class DiffView(MissionScoped):
    serializer_class = DiffSerializer

    @extend_schema(
        operation_id="files_diff",
        parameters=[DiffFilterSerializer],
        responses={200: DiffSerializer, **problems(404, 422)},
    )
    def get(self, request: Request, path: str, **_: Any) -> Response:
        """Compare two revisions of a file."""
        filters = DiffFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        numbers = filters.validated_data
        before, after = (self._text(path, numbers[side]) for side in ("from", "to"))
        difference = unified(path, before, after)
        return Response(DiffSerializer({"path": path, **numbers, "unified": difference}).data)

    def _text(self, path: str, number: int) -> str:
        if number == 0:
            return ""
        revision = selectors.revision_of(mission=self.mission, path=path, number=number)
        return selectors.text_of(revision)


class RestoreView(MissionScoped):
    serializer_class = SavedFileSerializer

    @extend_schema(
        operation_id="files_restore",
        request=RestoreSerializer,
        responses={200: SavedFileSerializer, **problems(400, 403, 404, 409, 413, 422, 503)},
    )
    def post(self, request: Request, path: str, **_: Any) -> Response:
        """Make an old text the current one again, as a new revision."""
        given = RestoreSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        restore = RestoreRevision(
            mission=self.mission,
            user=self.user,
            path=path,
            number=given.validated_data["revision"],
            now=timezone.now(),
        )
        return answer(restore.execute())
