"""The files of a mission over HTTP, as they are now."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from missions import selectors, whereabouts
from missions.api import etags
from missions.api.serializers import (
    CONFLICT,
    FileCreateSerializer,
    FileFilterSerializer,
    FileMoveSerializer,
    FilePageSerializer,
    FileSaveSerializer,
    FileSerializer,
    FileTextSerializer,
    SavedFileSerializer,
)
from missions.api.views.base import MissionScoped
from missions.cache import CachedStore
from missions.models import MissionFile, Revision
from missions.services import CreateFile, MoveFile, RemoveFile, SavedFile, SaveFile
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core.api import problems
from parallagon.core.errors import ResourceNotFoundError, ValidationError

IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="strict: 412, never merged"
)
IF_NONE_MATCH = OpenApiParameter("If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER)


def current_of(file: MissionFile) -> Revision:
    """Return a file's current revision with the file loaded."""
    revision = selectors.current_revision(file)
    revision.file = file
    return revision


def answer(saved: SavedFile, *, status: int = 200) -> Response:
    """Return a file with its text after an operation."""
    saved.revision.text = saved.text  # type: ignore[attr-defined] # the serializer reads it
    saved.revision.is_merged = saved.is_merged  # type: ignore[attr-defined]
    body = SavedFileSerializer(saved.revision).data
    return Response(body, status=status, headers={"ETag": etags.etag_of(saved.revision)})


def page(revisions: Sequence[Revision]) -> Response:
    """Return files without their texts, as one page."""
    results = FileSerializer(revisions, many=True).data
    return Response({"results": results, "next": None, "previous": None})


class FileListView(MissionScoped):
    serializer_class = FileSerializer

    @extend_schema(
        operation_id="files_list",
        parameters=[FileFilterSerializer],
        responses={200: FilePageSerializer, **problems(404, 422)},
    )
    def get(self, request: Request, **_: Any) -> Response:
        """List every file of a mission, by path, or those that were removed, as one page."""
        filters = FileFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        if filters.validated_data["removed"]:
            return page(whereabouts.removed_files(mission=self.mission))
        files = selectors.current_files(mission=self.mission)
        revisions = [current_of(file) for file in files]
        CachedStore().warm(one.blob_id for one in revisions if one.blob_id)
        return page(revisions)

    @extend_schema(
        operation_id="files_create",
        parameters=[IDEMPOTENCY_KEY],
        request=FileCreateSerializer,
        responses={201: SavedFileSerializer, **problems(400, 403, 404, 409, 413, 422, 503)},
    )
    @repeatable
    def post(self, request: Request, **_: Any) -> Response:
        """Add a file; 409 with code “exists” where there is one."""
        given = FileCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        create = CreateFile(
            mission=self.mission, user=self.user, now=timezone.now(), **given.validated_data
        )
        return answer(create.execute(), status=201)


class FileView(MissionScoped):
    serializer_class = FileTextSerializer

    @extend_schema(
        operation_id="files_retrieve",
        parameters=[IF_NONE_MATCH],
        responses={200: FileTextSerializer, 304: None, **problems(404, 422)},
    )
    def get(self, request: Request, path: str, **_: Any) -> Response:
        """Read a file: its text has LF line ends and no BOM, whatever the bytes have."""
        revision = current_of(selectors.current_file(mission=self.mission, path=path))
        headers = {"ETag": etags.etag_of(revision)}
        if etags.is_known(request, revision):
            return Response(status=304, headers=headers)
        revision.text = selectors.text_of(revision)  # type: ignore[attr-defined] # for the serializer
        return Response(FileTextSerializer(revision).data, headers=headers)

    @extend_schema(
        operation_id="files_save",
        parameters=[IF_MATCH],
        request=FileSaveSerializer,
        responses={
            200: SavedFileSerializer,
            **problems(400, 403, 404, 412, 413, 422, 503),
            **CONFLICT,
        },
    )
    def put(self, request: Request, path: str, **_: Any) -> Response:
        """Save a file, where it is now if it has moved since.

        An older base is merged; what overlaps is a 409 with three texts.
        """
        given = FileSaveSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        if strict := etags.is_strict(request):
            wanted["base"] = self._matching(request, path)
        save = SaveFile(
            mission=self.mission,
            user=self.user,
            path=path,
            now=timezone.now(),
            may_merge=not strict,
            **wanted,
        )
        return answer(save.execute())

    @extend_schema(
        operation_id="files_move",
        parameters=[IF_MATCH],
        request=FileMoveSerializer,
        responses={
            200: FilePageSerializer,
            **problems(400, 403, 404, 409, 412, 413, 422, 503),
        },
    )
    def patch(self, request: Request, path: str, **_: Any) -> Response:
        """Rename or move a file, or a whole folder: all of its files, or none.

        409 with code “exists” where another file is. ``If-Match`` is about one file.
        """
        given = FileMoveSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        move = MoveFile(
            mission=self.mission,
            user=self.user,
            path=path,
            to=given.validated_data["path"],
            base=self._matching(request, path) if etags.is_strict(request) else None,
            allow_invalid=given.validated_data["allow_invalid"],
            now=timezone.now(),
        )
        return page([current_of(file) for file in move.execute()])

    @extend_schema(
        operation_id="files_remove",
        parameters=[IF_MATCH],
        responses={204: None, **problems(403, 404, 409, 412, 422, 503)},
    )
    def delete(self, request: Request, path: str, **_: Any) -> Response:
        """Remove a file, or a whole folder; every history stays and can be restored.

        ``If-Match`` is about one file.
        """
        base = self._matching(request, path) if etags.is_strict(request) else None
        RemoveFile(
            mission=self.mission, user=self.user, path=path, base=base, now=timezone.now()
        ).execute()
        return Response(status=204)

    def _matching(self, request: Request, path: str) -> int:
        """Return the number of the revision that ``If-Match`` insists on."""
        try:
            file = selectors.current_file(mission=self.mission, path=path)
        except (ResourceNotFoundError, ValidationError):
            etags.require_match(request, None)
            raise
        revision = selectors.current_revision(file)
        etags.require_match(request, revision)
        return revision.number
