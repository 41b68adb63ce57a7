"""Agents over HTTP: read them, start, stop, run now, choose a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.serializers import (
    AgentFilterSerializer,
    AgentListSerializer,
    AgentSerializer,
    AgentStatusListSerializer,
    AgentStatusSerializer,
    AgentUpdateSerializer,
    MissionChoiceSerializer,
    ModelListSerializer,
    ModelOptionSerializer,
)
from agents.costs import spent_today
from agents.gateway.charges import charge_of
from agents.gateway.formats import WHOLE_MODELS, preferred_format
from agents.gateway.models import ModelOption, available_models, resolve, variables
from agents.gateway.prices import facts_of
from agents.gateway.protocol import GatewayError
from agents.models import Agent
from agents.selectors import agents_seen_by, last_changes, last_runs, missions_led_by
from agents.services import (
    CancelAgent,
    CancelMission,
    RunAgent,
    RunMission,
    SetFiles,
    SetModel,
    StartAgent,
    StartMission,
    StopAgent,
    StopMission,
)
from missions.models import Membership, Mission
from missions.selectors import membership
from parallagon.accounts.authentication import caller
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core import limits
from parallagon.core.api import problems
from parallagon.core.errors import ResourceNotFoundError, ValidationError

EDITOR = Membership.Role.EDITOR


def agent_data(agents: Sequence[Agent]) -> list[Any]:
    """Return agents as JSON, with four queries however many there are."""
    context = {
        "last_runs": last_runs(agents),
        "last_changes": last_changes(agents),
        "spent": spent_today(agents, today=timezone.now().date()),
    }
    return list(AgentSerializer(agents, many=True, context=context).data)


def agent_of(request: Request, agent_id: int, *, to_write: bool = False) -> Agent:
    """Return an agent that the caller may see, or control.

    Raises:
        ResourceNotFoundError: there is none, or not for the caller.
        PermissionDeniedError: the caller may only look.
    """
    agent = agents_seen_by(caller(request).pk).filter(pk=agent_id).first()
    if agent is None:
        raise ResourceNotFoundError("There is no such agent, or none that you may see.")
    if to_write:
        membership(user=caller(request), mission_id=agent.mission_id, at_least=EDITOR)
    return agent


class AgentListView(APIView):
    @extend_schema(
        operation_id="agents_list",
        parameters=[AgentFilterSerializer],
        responses={200: AgentListSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the agents of one mission, or of all that the caller may see."""
        return Response({"results": agent_data(list(_chosen(request)))})


class AgentStatusView(APIView):
    @extend_schema(
        operation_id="agents_status",
        parameters=[AgentFilterSerializer],
        responses={200: AgentStatusListSerializer, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the states of agents and why they are in them."""
        return Response({"results": AgentStatusSerializer(_chosen(request), many=True).data})


def _chosen(request: Request) -> Any:
    filters = AgentFilterSerializer(data=request.query_params)
    filters.is_valid(raise_exception=True)
    agents = agents_seen_by(caller(request).pk).order_by("mission_id", "pk")
    if mission := filters.validated_data.get("mission"):
        membership(user=caller(request), mission_id=mission)
        agents = agents.filter(mission_id=mission)
    return agents


class AgentView(APIView):
    @extend_schema(
        operation_id="agents_retrieve", responses={200: AgentSerializer, **problems(404)}
    )
    def get(self, request: Request, agent_id: int) -> Response:
        return Response(agent_data([agent_of(request, agent_id)])[0])

    @extend_schema(
        operation_id="agents_update",
        request=AgentUpdateSerializer,
        responses={200: AgentSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def patch(self, request: Request, agent_id: int) -> Response:
        """Give the agent a model or patterns of files of its own; empty: as before."""
        agent = agent_of(request, agent_id, to_write=True)
        serializer = AgentUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        change_agent(agent, serializer.validated_data)
        return Response(agent_data([agent])[0])


def change_agent(agent: Agent, given: Mapping[str, Any]) -> None:
    """Give an agent what of a model and patterns of files is given."""
    if model := given.get("model"):
        require_reachable(model)
    if patterns := {name: given[name] for name in ("writes", "watches", "reads") if name in given}:
        SetFiles(agent=agent, now=timezone.now(), **patterns).execute()
    if "model" in given:
        SetModel(agent=agent, model=given["model"], now=timezone.now()).execute()


def require_reachable(model: str) -> None:
    """Raise ``ValidationError`` unless this installation can reach ``model``."""
    try:
        resolve(model, settings.ENVIRONMENT)
    except GatewayError as error:
        raise ValidationError(str(error), model=model) from error


class _AgentAction(APIView):
    """One thing done to one agent; the answer is the agent as it is afterwards."""

    limited_as: ClassVar = limits.CONTROL
    operation: Callable[..., Any]

    def post(self, request: Request, agent_id: int) -> Response:
        agent = agent_of(request, agent_id, to_write=True)
        type(self).operation(agent=agent, now=timezone.now()).execute()
        return Response(agent_data([agent_of(request, agent_id)])[0])


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_start",
        request=None,
        responses={200: AgentSerializer, **problems(403, 404, 409)},
    )
)
class StartAgentView(_AgentAction):
    operation = StartAgent


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_stop",
        request=None,
        responses={200: AgentSerializer, **problems(403, 404, 409)},
    )
)
class StopAgentView(_AgentAction):
    operation = StopAgent


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_run",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={200: AgentSerializer, **problems(403, 404, 409, 422)},
    )
)
class RunAgentView(_AgentAction):
    operation = RunAgent
    post = repeatable(_AgentAction.post)


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_cancel",
        request=None,
        responses={200: AgentSerializer, **problems(403, 404, 409)},
    )
)
class CancelAgentView(_AgentAction):
    operation = CancelAgent


class _TeamAction(APIView):
    """One thing done to all agents of a mission, or of all; the answer is those agents."""

    limited_as: ClassVar = limits.CONTROL
    operation: Callable[..., Any]

    def post(self, request: Request) -> Response:
        """Do it in one mission, or in every active one that the caller may edit."""
        given = MissionChoiceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        missions = self._missions(request, given.validated_data.get("mission"))
        for mission in missions:
            type(self).operation(mission=mission, now=timezone.now()).execute()
        agents = agents_seen_by(caller(request).pk).filter(mission__in=missions)
        return Response({"results": agent_data(list(agents.order_by("mission_id", "pk")))})

    def _missions(self, request: Request, mission_id: int | None) -> list[Mission]:
        if mission_id is None:
            return list(missions_led_by(caller(request).pk))
        return [membership(user=caller(request), mission_id=mission_id, at_least=EDITOR).mission]


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_start_all",
        request=MissionChoiceSerializer,
        responses={200: AgentListSerializer, **problems(400, 403, 404, 409, 422)},
    )
)
class StartAgentsView(_TeamAction):
    operation = StartMission


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_stop_all",
        request=MissionChoiceSerializer,
        responses={200: AgentListSerializer, **problems(400, 403, 404, 409, 422)},
    )
)
class StopAgentsView(_TeamAction):
    operation = StopMission


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_run_all",
        parameters=[IDEMPOTENCY_KEY],
        request=MissionChoiceSerializer,
        responses={200: AgentListSerializer, **problems(400, 403, 404, 409, 422)},
    )
)
class RunAgentsView(_TeamAction):
    operation = RunMission
    post = repeatable(_TeamAction.post)


def model_data(option: ModelOption) -> dict[str, Any]:
    """Return a model with what is known of it, as the serializer reads it."""
    facts = facts_of(option.name)
    charge = charge_of(option.name, settings.PARALLAGON_PRICES)
    is_told = charge is not None and not charge.is_assumed
    whole_models = settings.PARALLAGON_WHOLE_MODELS or WHOLE_MODELS
    return {
        **asdict(option),
        "edit_format": preferred_format(option.name, whole_models),
        "price": asdict(charge.price.rates) if charge and is_told else None,
        "context_window": facts.context_window,
        "longest_reply": facts.longest_reply,
    }


@extend_schema_view(
    post=extend_schema(
        operation_id="agents_cancel_all",
        request=MissionChoiceSerializer,
        responses={200: AgentListSerializer, **problems(400, 403, 404, 409, 422)},
    )
)
class CancelAgentsView(_TeamAction):
    operation = CancelMission


class ModelListView(APIView):
    limited_as: ClassVar = limits.EXPENSIVE

    @extend_schema(operation_id="models_list", responses={200: ModelListSerializer, **problems()})
    def get(self, request: Request) -> Response:
        """List the models that this installation can reach, with what is known of each.

        Servers of its own are asked for theirs: for little more than a second, twice a minute.
        """
        options = available_models(settings.ENVIRONMENT)
        return Response(
            {
                "results": ModelOptionSerializer(list(map(model_data, options)), many=True).data,
                "default": settings.PARALLAGON_MODEL,
                "is_offline_only": all(option.is_offline for option in options),
                "variables": list(variables()),
            }
        )
