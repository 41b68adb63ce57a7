"""The past of a file over HTTP: its revisions, what differs between them, the way back."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from missions import selectors
from missions.api import etags
from missions.api.serializers import (
    DiffFilterSerializer,
    DiffSerializer,
    FileKeySerializer,
    RestoreSerializer,
    RevisionSerializer,
    RevisionTextSerializer,
    SavedFileSerializer,
)
from missions.api.views.base import MissionScoped
from missions.api.views.files import IF_NONE_MATCH, answer
from missions.diff import unified
from missions.models import Revision
from missions.services import RestoreRevision
from missions.words import word_diff
from parallagon.core.api import Pages, problems


class RevisionPages(Pages):
    ordering = "-number"


def _file(request: Request) -> int | None:
    """Return the key of the file that is meant, where the caller gave it."""
    given = FileKeySerializer(data=request.query_params)
    given.is_valid(raise_exception=True)
    file: int | None = given.validated_data.get("file")
    return file


class RevisionListView(MissionScoped):
    serializer_class = RevisionSerializer
    pagination_class = RevisionPages
    queryset = Revision.objects.none()

    @extend_schema(
        operation_id="revisions_list",
        parameters=[FileKeySerializer],
        responses={200: RevisionSerializer(many=True), **problems(404, 422)},
    )
    def get(self, request: Request, path: str, **_: Any) -> Response:
        """List the revisions of a file, of a moved or removed one too, the newest first."""
        revisions = selectors.revisions_of(mission=self.mission, path=path, file=_file(request))
        page = self.paginate_queryset(revisions)
        return self.get_paginated_response(RevisionSerializer(page, many=True).data)


class RevisionView(MissionScoped):
    serializer_class = RevisionTextSerializer

    @extend_schema(
        operation_id="revisions_retrieve",
        parameters=[FileKeySerializer, IF_NONE_MATCH],
        responses={200: RevisionTextSerializer, 304: None, **problems(404, 422)},
    )
    def get(self, request: Request, path: str, number: int, **_: Any) -> Response:
        """Read a file as it was."""
        revision = selectors.revision_of(
            mission=self.mission, path=path, number=number, file=_file(request)
        )
        headers = {"ETag": etags.etag_of(revision)}
        if etags.is_known(request, revision):
            return Response(status=304, headers=headers)
        revision.text = selectors.text_of(revision)  # type: ignore[attr-defined] # for the serializer
        return Response(RevisionTextSerializer(revision).data, headers=headers)


class DiffView(MissionScoped):
    serializer_class = DiffSerializer

    @extend_schema(
        operation_id="files_diff",
        parameters=[DiffFilterSerializer, IF_NONE_MATCH],
        responses={200: DiffSerializer, 304: None, **problems(404, 422)},
    )
    def get(self, request: Request, path: str, **_: Any) -> Response:
        """Compare two revisions of a file, also of one that moved in between."""
        filters = DiffFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        numbers = filters.validated_data
        file = numbers.pop("file", None)
        old, new = (self._revision(path, numbers[side], file) for side in ("from", "to"))
        known = old or new
        now = (
            known.file.path
            if known
            else selectors.current_file(mission=self.mission, path=path).path
        )
        headers = {"ETag": etags.tag_of_facts(now, *_facts(old), *_facts(new))}
        if etags.has(request, headers["ETag"]):
            return Response(status=304, headers=headers)
        old_path, new_path = _path(old or new, now), _path(new or old, now)
        before, after = (selectors.text_of(side) if side else "" for side in (old, new))
        body = {
            "path": now,
            **numbers,
            "from_path": old_path,
            "to_path": new_path,
            **difference(new_path, before, after, old_path=old_path),
        }
        return Response(DiffSerializer(body).data, headers=headers)

    def _revision(self, path: str, number: int, file: int | None) -> Revision | None:
        if number == 0:
            return None
        return selectors.revision_of(mission=self.mission, path=path, number=number, file=file)


def difference(path: str, before: str, after: str, *, old_path: str = "") -> dict[str, Any]:
    """Return what differs between two texts as ``DifferenceSerializer`` tells it."""
    words = word_diff(before, after)
    return {
        "unified": unified(path, before, after, old_path=old_path),
        "hunks": words.hunks,
        "is_truncated": words.is_truncated,
    }


def _facts(revision: Revision | None) -> tuple[object, ...]:
    return (revision.number, revision.path, revision.blob_id) if revision else (0,)


def _path(revision: Revision | None, now: str) -> str:
    return revision.path if revision else now


class RestoreView(MissionScoped):
    serializer_class = SavedFileSerializer

    @extend_schema(
        operation_id="files_restore",
        request=RestoreSerializer,
        responses={200: SavedFileSerializer, **problems(400, 403, 404, 409, 413, 422, 503)},
    )
    def post(self, request: Request, path: str, **_: Any) -> Response:
        """Make an old text the current one again, as a new revision.

        A removed file comes back to its path; 409 with code “exists” where another one is.
        """
        given = RestoreSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        restore = RestoreRevision(
            mission=self.mission,
            user=self.user,
            path=path,
            number=given.validated_data["revision"],
            file=given.validated_data.get("file"),
            now=timezone.now(),
        )
        return answer(restore.execute())
