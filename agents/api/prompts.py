"""An agent's prompt over HTTP: what it is told, what it was told before, the way back."""

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.agents import agent_of
from agents.api.guidance_serializers import (
    PreviewSerializer,
    PromptDifferenceSerializer,
    PromptDraftSerializer,
    PromptRangeSerializer,
    PromptSerializer,
    PromptUpdateSerializer,
    PromptVersionSerializer,
    PromptVersionTextSerializer,
)
from agents.models import Agent, PromptVersion
from agents.preview import preview
from agents.roles import registry
from agents.services import RestorePrompt, SetPrompt
from agents.services.prompts import SHIPPED
from missions.api.views.revisions import difference
from missions.selectors import LARGEST_ID
from parallagon.accounts.authentication import caller
from parallagon.core import limits
from parallagon.core.api import Pages, problems
from parallagon.core.errors import ResourceNotFoundError


class PromptVersionPages(Pages):
    ordering = "-number"


def shipped_for(agent: Agent) -> str:
    """Return the prompt that the agent's role ships in the mission's language."""
    return registry.of(agent).shipped_prompt(agent.mission.language)


def prompt_data(agent: Agent) -> dict[str, object]:
    """Return an agent's prompt as JSON; one query."""
    shipped = shipped_for(agent)
    newest = agent.prompt_versions.values_list("number", flat=True).first()
    body = {
        "text": agent.prompt or shipped,
        "is_shipped": not agent.prompt,
        "shipped": shipped,
        "version": newest or SHIPPED,
    }
    return dict(PromptSerializer(body).data)


def version_of(agent: Agent, number: int) -> PromptVersion:
    """Return a version of an agent's prompt.

    Raises:
        ResourceNotFoundError: there is none of this number.
    """
    versions = agent.prompt_versions.select_related("author")
    found = versions.filter(number=number).first() if number <= LARGEST_ID else None
    if found is None:
        raise ResourceNotFoundError("The prompt has no such version.", number=number)
    return found


class PromptView(APIView):
    @extend_schema(
        operation_id="prompts_retrieve", responses={200: PromptSerializer, **problems(404)}
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """Read what the agent is told, beside what its role ships."""
        return Response(prompt_data(agent_of(request, agent_id)))

    @extend_schema(
        operation_id="prompts_update",
        request=PromptUpdateSerializer,
        responses={200: PromptSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def put(self, request: Request, agent_id: int) -> Response:
        """Tell the agent something else; 409 “prompt_changed” where others were faster."""
        agent = agent_of(request, agent_id, to_write=True)
        given = PromptUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        SetPrompt(
            agent=agent, author=caller(request), now=timezone.now(), **given.validated_data
        ).execute()
        return Response(prompt_data(agent))


class PromptVersionListView(GenericAPIView[PromptVersion]):
    pagination_class = PromptVersionPages
    serializer_class = PromptVersionSerializer
    queryset = PromptVersion.objects.none()

    @extend_schema(
        operation_id="prompt_versions_list",
        responses={200: PromptVersionSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """List the versions of the agent's prompt, the newest first."""
        versions = agent_of(request, agent_id).prompt_versions.select_related("author")
        page = self.paginate_queryset(versions)
        return self.get_paginated_response(PromptVersionSerializer(page, many=True).data)


class PromptVersionView(APIView):
    @extend_schema(
        operation_id="prompt_versions_retrieve",
        responses={200: PromptVersionTextSerializer, **problems(404)},
    )
    def get(self, request: Request, agent_id: int, number: int) -> Response:
        """Read a version of the agent's prompt."""
        agent = agent_of(request, agent_id)
        version = version_of(agent, number)
        context = {"shipped": shipped_for(agent)}
        return Response(PromptVersionTextSerializer(version, context=context).data)


class PromptRestoreView(APIView):
    @extend_schema(
        operation_id="prompt_versions_restore",
        request=None,
        responses={200: PromptSerializer, **problems(403, 404, 409)},
    )
    def post(self, request: Request, agent_id: int, number: int) -> Response:
        """Make a version the current one again, as a new version; 0 is what the role ships."""
        agent = agent_of(request, agent_id, to_write=True)
        if number != SHIPPED:
            version_of(agent, number)
        RestorePrompt(
            agent=agent, number=number, author=caller(request), now=timezone.now()
        ).execute()
        return Response(prompt_data(agent))


class PromptPreviewView(APIView):
    limited_as: ClassVar = limits.EXPENSIVE

    @extend_schema(
        operation_id="prompts_preview",
        responses={200: PreviewSerializer, **problems(404, 422, 503)},
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """Return what a run that began now would ask its model; this takes some seconds."""
        return Response(PreviewSerializer(preview(agent_of(request, agent_id))).data)

    @extend_schema(
        operation_id="prompts_preview_draft",
        request=PromptDraftSerializer,
        responses={200: PreviewSerializer, **problems(400, 403, 404, 422, 503)},
    )
    def post(self, request: Request, agent_id: int) -> Response:
        """Return the same with a prompt that is not saved yet."""
        agent = agent_of(request, agent_id, to_write=True)
        given = PromptDraftSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        text = given.validated_data["text"]
        prompt = text if text.strip() else shipped_for(agent)
        return Response(PreviewSerializer(preview(agent, prompt=prompt)).data)


class PromptDiffView(APIView):
    @extend_schema(
        operation_id="prompt_versions_diff",
        parameters=[PromptRangeSerializer],
        responses={200: PromptDifferenceSerializer, **problems(404, 422)},
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """Compare two versions word by word; 0 is what the role ships."""
        agent = agent_of(request, agent_id)
        filters = PromptRangeSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        numbers = filters.validated_data
        before, after = (self._text(agent, numbers[side]) for side in ("from", "to"))
        body = {**numbers, **difference(f"{agent.role}.md", before, after)}
        return Response(PromptDifferenceSerializer(body).data)

    def _text(self, agent: Agent, number: int) -> str:
        text = version_of(agent, number).text if number != SHIPPED else ""
        return text or shipped_for(agent)
