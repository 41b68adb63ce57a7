"""Budgets and costs over HTTP: what may be spent, what was, and by whom."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.agents import agent_of
from agents.api.money import (
    AgentBudgetSerializer,
    AgentCapsSerializer,
    CostFilterSerializer,
    CostsSerializer,
    MissionBudgetSerializer,
    MissionCapsSerializer,
)
from agents.budget import Caps, standings
from agents.costs import calls_of, costs, total
from agents.models import Agent, Budget
from agents.services import SetAgentBudget, SetMissionBudget
from missions.models import Membership
from missions.selectors import membership
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.core.api import problems

OWNER = Membership.Role.OWNER


def _budget_data(mission_id: int) -> Any:
    own = Budget.objects.filter(pk=mission_id).first() or Budget(mission_id=mission_id)
    body = {
        "mission": mission_id,
        "caps": own,
        "standings": standings(mission_id=mission_id, now=timezone.now()),
    }
    return MissionBudgetSerializer(body).data


class MissionBudgetView(APIView):
    key_scopes: ClassVar = {"PUT": ApiKey.Scope.ADMIN.value}

    @extend_schema(
        operation_id="missions_budget",
        responses={200: MissionBudgetSerializer, **problems(404)},
    )
    def get(self, request: Request, mission_id: int) -> Response:
        """Return the mission's own caps, and how much of each cap is used.

        An empty cap is the installation's.
        """
        membership(user=caller(request), mission_id=mission_id)
        return Response(_budget_data(mission_id))

    @extend_schema(
        operation_id="missions_set_budget",
        request=MissionCapsSerializer,
        responses={200: MissionBudgetSerializer, **problems(400, 403, 404, 422)},
    )
    def put(self, request: Request, mission_id: int) -> Response:
        """Give the mission these caps; what is left out, or null, is the installation's.

        Agents that the budget had paused look again at once when there is more to use.
        """
        mission = membership(user=caller(request), mission_id=mission_id, at_least=OWNER).mission
        given = MissionCapsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        caps = given.validated_data
        SetMissionBudget(
            mission=mission,
            total=Caps(dollars=caps["dollars"], tokens=caps["tokens"], calls=caps["calls"]),
            day=_day_of(caps),
            now=timezone.now(),
        ).execute()
        return Response(_budget_data(mission_id))


class AgentBudgetView(APIView):
    key_scopes: ClassVar = {"PUT": ApiKey.Scope.ADMIN.value}

    @extend_schema(
        operation_id="agents_budget", responses={200: AgentBudgetSerializer, **problems(404)}
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """Return the agent's own caps of a day, and how every cap it stands under is used."""
        return Response(_agent_data(agent_of(request, agent_id)))

    @extend_schema(
        operation_id="agents_set_budget",
        request=AgentCapsSerializer,
        responses={200: AgentBudgetSerializer, **problems(400, 403, 404, 422)},
    )
    def put(self, request: Request, agent_id: int) -> Response:
        """Give the agent these caps of a day; what is left out, or null, is the installation's."""
        agent = agent_of(request, agent_id)
        membership(user=caller(request), mission_id=agent.mission_id, at_least=OWNER)
        given = AgentCapsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        day = _day_of(given.validated_data)
        SetAgentBudget(agent=agent, day=day, now=timezone.now()).execute()
        return Response(_agent_data(agent))


def _day_of(caps: dict[str, Any]) -> Caps:
    return Caps(dollars=caps["day_dollars"], tokens=caps["day_tokens"], calls=caps["day_calls"])


def _agent_data(agent: Agent) -> Any:
    body = {
        "agent": agent.pk,
        "caps": agent,
        "standings": standings(mission_id=agent.mission_id, agent=agent, now=timezone.now()),
    }
    return AgentBudgetSerializer(body).data


class MissionCostsView(APIView):
    @extend_schema(
        operation_id="missions_costs",
        parameters=[CostFilterSerializer],
        responses={200: CostsSerializer, **problems(400, 404, 422)},
    )
    def get(self, request: Request, mission_id: int) -> Response:
        """Return what the mission's calls to models cost, by day, agent or model."""
        membership(user=caller(request), mission_id=mission_id)
        given = CostFilterSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        chosen = given.validated_data
        calls = calls_of(mission_id, days=chosen["days"], now=timezone.now())
        body = {
            "by": chosen["by"],
            "days": chosen["days"],
            "results": costs(calls, by=chosen["by"]),
            "total": total(calls),
        }
        return Response(CostsSerializer(body).data)
