"""Runs over HTTP: what they did, what they said, and how to end one."""

from pathlib import Path
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents import transcript
from agents.api.serializers import (
    RunCallsSerializer,
    RunDiffSerializer,
    RunFilterSerializer,
    RunLogSerializer,
    RunRevertedSerializer,
    RunRevertSerializer,
    RunSerializer,
    TranscriptPlaceSerializer,
    TranscriptSerializer,
)
from agents.changes import unified
from agents.models import AgentRun, ModelCall
from agents.replay import has_record
from agents.retention import is_kept
from agents.runlog import is_cut, read_log
from agents.selectors import run_directory, runs_seen_by
from agents.services import CancelRun
from missions.models import Membership, Revision
from missions.selectors import membership
from missions.services import RevertRun
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core import downloads, limits
from parallagon.core.api import Pages, problems
from parallagon.core.errors import Conflict, Gone, ResourceNotFoundError

MOST_CALLS = 500


class RunPages(Pages):
    ordering = "-queued_at"


def run_of(request: Request, run_id: UUID) -> AgentRun:
    """Return a run that the caller may see.

    Raises:
        ResourceNotFoundError: there is none, or not for the caller.
    """
    run = runs_seen_by(caller(request).pk).filter(pk=run_id).first()
    if run is None:
        raise ResourceNotFoundError("There is no such run, or none that you may see.")
    return run


def kept_directory(run: AgentRun) -> Path:
    """Return the folder with what a run said.

    Raises:
        Gone: the run ended too long ago.
    """
    if not is_kept(run, timezone.now()):
        said = _("What a run said is kept for %(days)s days: its log and transcript are gone.")
        raise Gone(said % {"days": settings.PARALLAGON_RUN_DAYS})
    return run_directory(run.pk)


class RunListView(GenericAPIView[AgentRun]):
    pagination_class = RunPages
    serializer_class = RunSerializer
    queryset = AgentRun.objects.none()

    @extend_schema(
        operation_id="runs_list",
        parameters=[RunFilterSerializer],
        responses={200: RunSerializer(many=True), **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List runs, the newest first."""
        filters = RunFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        if mission := filters.validated_data.get("mission"):
            membership(user=caller(request), mission_id=mission)
        runs = runs_seen_by(caller(request).pk).filter(**filters.validated_data)
        page = self.paginate_queryset(runs)
        return self.get_paginated_response(RunSerializer(page, many=True).data)


class RunView(APIView):
    @extend_schema(operation_id="runs_retrieve", responses={200: RunSerializer, **problems(404)})
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(RunSerializer(run_of(request, run_id)).data)


class RunCallsView(APIView):
    @extend_schema(operation_id="runs_calls", responses={200: RunCallsSerializer, **problems(404)})
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return the run's calls to a model, in order: tokens, cost, seconds, how each ended.

        They are written when the run ends.
        """
        run = run_of(request, run_id)
        calls = ModelCall.objects.filter(run=run).order_by("number")[:MOST_CALLS]
        is_recorded = is_kept(run, timezone.now()) and has_record(run_directory(run.pk))
        return Response(RunCallsSerializer({"results": calls, "is_recorded": is_recorded}).data)


class RunLogView(APIView):
    @extend_schema(operation_id="runs_log", responses={200: RunLogSerializer, **problems(404, 410)})
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return what the run said: Aider's log and the model's reply, in order.

        410 with code “gone” when the run ended too long ago; its diff stays.
        """
        lines = read_log(kept_directory(run_of(request, run_id)))
        return Response({"lines": lines, "is_truncated": is_cut(lines)})


class RunTranscriptView(APIView):
    @extend_schema(
        operation_id="runs_transcript",
        parameters=[TranscriptPlaceSerializer],
        responses={200: TranscriptSerializer, **problems(404, 410, 422)},
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return what the run asked a model and what it was told, page by page, without secrets.

        410 with code “gone” when the run ended too long ago.
        """
        place = TranscriptPlaceSerializer(data=request.query_params)
        place.is_valid(raise_exception=True)
        directory = kept_directory(run_of(request, run_id))
        page = transcript.read_page(directory, place.validated_data["after"])
        return Response(TranscriptSerializer(page).data)


class RunTranscriptDownloadView(APIView):
    @extend_schema(
        operation_id="runs_transcript_download",
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.BINARY, "the file"),
            304: None,
            **problems(404, 410),
        },
    )
    def get(self, request: Request, run_id: UUID) -> HttpResponseBase:
        """Take the whole transcript away: a line of JSON for each request and each reply.

        410 with code “gone” when the run ended too long ago.
        """
        run = run_of(request, run_id)
        directory = kept_directory(run)
        tag = quote_etag(f"transcript-{run.pk}-{transcript.size_of(directory)}")
        if downloads.is_known(request, tag):
            return downloads.not_modified(tag)
        return downloads.Download(
            transcript.whole(directory),
            name=f"{run.agent.role}-{run.pk}.jsonl",
            content_type="application/x-ndjson",
            tag=tag,
        )


class RunDiffView(APIView):
    @extend_schema(operation_id="runs_diff", responses={200: RunDiffSerializer, **problems(404)})
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return what the run changed, one unified diff a file."""
        revisions = Revision.objects.filter(run_id=run_of(request, run_id).pk).select_related(
            "file", "parent"
        )
        files = [
            {
                "path": revision.file.path,
                "from": revision.parent.number if revision.parent else None,
                "to": revision.number,
                "unified": unified(revision),
            }
            for revision in revisions.order_by("file__path")
        ]
        return Response({"files": files})


class CancelRunView(APIView):
    limited_as: ClassVar = limits.CONTROL

    @extend_schema(
        operation_id="runs_cancel",
        request=None,
        responses={200: RunSerializer, **problems(403, 404, 409)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """End the run: a queued one at once, a running one within a second."""
        run = run_of(request, run_id)
        membership(user=caller(request), mission_id=run.mission_id, at_least=Membership.Role.EDITOR)
        CancelRun(run=run, now=timezone.now()).execute()
        return Response(RunSerializer(run_of(request, run_id)).data)


class RevertRunView(APIView):
    limited_as: ClassVar = limits.CONTROL
    key_scopes: ClassVar = {"POST": ApiKey.Scope.WRITE.value}

    @extend_schema(
        operation_id="runs_revert",
        parameters=[IDEMPOTENCY_KEY],
        request=RunRevertSerializer,
        responses={200: RunRevertedSerializer, **problems(400, 403, 404, 409, 413, 422, 503)},
    )
    @repeatable
    def post(self, request: Request, run_id: UUID) -> Response:
        """Take back what a run did and keep what came after it.

        409 with code “revert_overlaps” where later changes touch the same lines: its details hold
        the three texts of each such file, and under “clean” what can be taken back without them.
        """
        given = RunRevertSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        run = run_of(request, run_id)
        mission = membership(
            user=caller(request), mission_id=run.mission_id, at_least=Membership.Role.EDITOR
        ).mission
        if run.state != AgentRun.State.FINISHED:
            raise Conflict(_("This run has not ended yet: cancel it instead."))
        revert = RevertRun(
            mission=mission,
            user=caller(request),
            run_id=run.pk,
            now=timezone.now(),
            **given.validated_data,
        )
        files = revert.execute()
        body = {
            "run": run.pk,
            "is_preview": revert.preview,
            "is_changed": any(file.status == "reverted" for file in files),
            "files": files,
        }
        return Response(RunRevertedSerializer(body).data)
