"""The files of a mission over HTTP, as they are now."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from missions import selectors
from missions.api import etags
from missions.api.serializers import (
    CONFLICT,
    FileCreateSerializer,
    FilePageSerializer,
    FileSaveSerializer,
    FileSerializer,
    FileTextSerializer,
    SavedFileSerializer,
)
from missions.api.views.base import MissionScoped
from missions.cache import CachedStore
from missions.models import MissionFile, Revision
from missions.services import CreateFile, RemoveFile, SavedFile, SaveFile
from parallagon.core.api import problems
from parallagon.core.errors import ResourceNotFoundError

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


class FileListView(MissionScoped):
    serializer_class = FileSerializer

    @extend_schema(operation_id="files_list", responses={200: FilePageSerializer, **problems(404)})
    def get(self, _request: Request, **_: Any) -> Response:
        """List every file of a mission, by path, as one page."""
        files = [current_of(file) for file in selectors.current_files(mission=self.mission)]
        CachedStore().warm(file.blob_id for file in files if file.blob_id)
        results = FileSerializer(files, many=True).data
        return Response({"results": results, "next": None, "previous": None})

    @extend_schema(
        operation_id="files_create",
        request=FileCreateSerializer,
        responses={201: SavedFileSerializer, **problems(400, 403, 404, 409, 413, 422, 503)},
    )
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
        """Save a file. An older base is merged; what overlaps is a 409 with three texts."""
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
        operation_id="files_remove",
        parameters=[IF_MATCH],
        responses={204: None, **problems(403, 404, 409, 412, 422, 503)},
    )
    def delete(self, request: Request, path: str, **_: Any) -> Response:
        """Remove a file; its history stays and can be restored."""
        base = self._matching(request, path) if etags.is_strict(request) else None
        RemoveFile(
            mission=self.mission, user=self.user, path=path, base=base, now=timezone.now()
        ).execute()
        return Response(status=204)

    def _matching(self, request: Request, path: str) -> int:
        """Return the number of the revision that ``If-Match`` insists on."""
        try:
            file = selectors.current_file(mission=self.mission, path=path)
        except ResourceNotFoundError:
            etags.require_match(request, None)
            raise
        revision = selectors.current_revision(file)
        etags.require_match(request, revision)
        return revision.number
