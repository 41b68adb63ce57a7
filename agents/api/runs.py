"""Runs over HTTP: what they did, what they said, and how to end one."""

from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.serializers import (
    RunDiffSerializer,
    RunFilterSerializer,
    RunLogSerializer,
    RunRevertedSerializer,
    RunRevertSerializer,
    RunSerializer,
)
from agents.changes import unified
from agents.models import AgentRun
from agents.runlog import LARGEST, read_log
from agents.selectors import run_directory, runs_seen_by
from agents.services import CancelRun
from missions.models import Membership, Revision
from missions.selectors import membership
from missions.services import RevertRun
from parallagon.accounts.authentication import caller
from parallagon.core.api import Pages, problems
from parallagon.core.errors import Conflict, ResourceNotFoundError


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


class RunListView(GenericAPIView[AgentRun]):
    pagination_class = RunPages
    serializer_class = RunSerializer
    queryset = AgentRun.objects.none()

    @extend_schema(
        operation_id="runs_list",
        parameters=[RunFilterSerializer],
        responses=RunSerializer(many=True),
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
    @extend_schema(operation_id="runs_retrieve", responses=RunSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(RunSerializer(run_of(request, run_id)).data)


class RunLogView(APIView):
    @extend_schema(operation_id="runs_log", responses=RunLogSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return what the run said: Aider's log and the model's reply, in order."""
        lines = read_log(run_directory(run_of(request, run_id).pk))
        size = sum(len(line["text"]) for line in lines)
        return Response({"lines": lines, "is_truncated": size > LARGEST})


class RunDiffView(APIView):
    @extend_schema(operation_id="runs_diff", responses=RunDiffSerializer)
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
    @extend_schema(operation_id="runs_cancel", request=None, responses=RunSerializer)
    def post(self, request: Request, run_id: UUID) -> Response:
        """End the run: a queued one at once, a running one within a second."""
        run = run_of(request, run_id)
        membership(user=caller(request), mission_id=run.mission_id, at_least=Membership.Role.EDITOR)
        CancelRun(run=run, now=timezone.now()).execute()
        return Response(RunSerializer(run_of(request, run_id)).data)


class RevertRunView(APIView):
    @extend_schema(
        operation_id="runs_revert",
        request=RunRevertSerializer,
        responses={200: RunRevertedSerializer, **problems(400, 403, 404, 409, 413, 422, 503)},
    )
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
