"""Missions out and in over HTTP: a file to keep, and one that somebody brings."""

from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import quote_etag
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from missions.api.serializers import (
    ExportFilterSerializer,
    ImportedSerializer,
    MissionImportSerializer,
)
from missions.api.views.base import MissionScoped
from missions.api.views.files import IF_NONE_MATCH
from missions.api.views.missions import mission_data
from missions.models import Mission
from missions.services.transfer import ImportMission
from missions.transfer import git, history, outgoing
from missions.transfer.sources import Limits
from missions.transfer.zips import ZipSource
from parallagon.accounts.authentication import caller
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core import downloads, limits
from parallagon.core.api import problems
from parallagon.core.errors import TooLarge

_FORM = 64 * 1024  # of a form around its file and its request
_MOST_SKIPPED = 200


class ExportView(MissionScoped):
    limited_as: ClassVar = limits.EXPENSIVE
    serializer_class = ExportFilterSerializer

    @extend_schema(
        operation_id="missions_export",
        parameters=[ExportFilterSerializer, IF_NONE_MATCH],
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "the file"),
            (200, "application/x-git-bundle"): OpenApiResponse(OpenApiTypes.BINARY, "the file"),
            304: None,
            **problems(404, 409, 422, 501),
        },
    )
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """Take a mission away: `zip` is its files as they are, which can be imported again.

        `archive` adds the history: every revision, with its author and moment, to be imported
        in another installation. `git` is a bundle that `git clone` takes, with a commit for each
        change and its author.
        """
        filters = ExportFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        make = {"zip": self._zip, "archive": self._archive, "git": self._git}
        return make[filters.validated_data["as"]](request)

    def _git(self, request: Request) -> HttpResponseBase:
        state = f"{history.state_of(self.mission)}-{self.mission.language}"
        tag = f"W/{quote_etag(f'git-{state}')}"
        if downloads.is_known(request, tag):
            return downloads.not_modified(tag)
        return downloads.Download(
            downloads.FilePieces(git.bundle_of(self.mission)),
            name=downloads.file_name(self.mission.title, ".bundle"),
            content_type="application/x-git-bundle",
            tag=tag,
        )

    def _zip(self, request: Request) -> HttpResponseBase:
        return self._packed(request, outgoing.contents_of(self.mission), ".zip")

    def _archive(self, request: Request) -> HttpResponseBase:
        return self._packed(request, outgoing.whole_of(self.mission), ".parallagon.zip")

    def _packed(
        self, request: Request, items: list[outgoing.Item], ending: str
    ) -> HttpResponseBase:
        tag = quote_etag(outgoing.tag_of(items))
        if downloads.is_known(request, tag):
            return downloads.not_modified(tag)
        return downloads.Download(
            outgoing.write_zip(items),
            name=downloads.file_name(self.mission.title, ending),
            content_type="application/zip",
            tag=tag,
        )


class ImportView(GenericAPIView[Mission]):
    limited_as: ClassVar = limits.EXPENSIVE
    parser_classes = [MultiPartParser]
    serializer_class = MissionImportSerializer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by its length what is too large, before anyone looks into the form."""
        most = settings.PARALLAGON_MAX_IMPORT_SIZE
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > most + settings.PARALLAGON_MAX_FILE_SIZE + _FORM:
            sentence = gettext("An archive may have at most %(limit)s bytes.") % {"limit": most}
            raise TooLarge(sentence, limit=most)
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="missions_import",
        parameters=[IDEMPOTENCY_KEY],
        request=MissionImportSerializer,
        responses={201: ImportedSerializer, **problems(400, 403, 409, 413, 415, 422, 503)},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Make a mission of a ZIP; what is hostile or damaged is refused and leaves nothing."""
        given = MissionImportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        file = wanted.pop("file")
        imported = ImportMission(
            owner=caller(request),
            source=ZipSource(file, limits=Limits.of_uploads()),
            fallback=Path(file.name).stem,
            now=timezone.now(),
            **wanted,
        ).execute()
        answer = {
            "mission": mission_data(request, imported.mission.pk),
            "skipped": imported.skipped[:_MOST_SKIPPED],
            "skipped_count": len(imported.skipped),
        }
        return Response(ImportedSerializer(answer).data, status=201)
