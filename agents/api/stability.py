"""What agents went through, and how steadily they work, over HTTP."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.agents import agent_of
from agents.models import Agent, AgentTransition
from agents.retention import KEPT_FOR
from agents.stability import Stability, stability_of, together
from missions.selectors import membership
from parallagon.accounts.authentication import caller
from parallagon.core.api import Pages, problems


class AgentTransitionSerializer(serializers.ModelSerializer[AgentTransition]):
    class Meta:
        model = AgentTransition
        fields = ("id", "before", "after", "reason", "at")
        read_only_fields = fields


class DaysSerializer(serializers.Serializer[dict[str, Any]]):
    days = serializers.IntegerField(min_value=1, max_value=KEPT_FOR.days, default=7)


class StabilitySerializer(serializers.Serializer[Stability]):
    seconds = serializers.DictField(
        child=serializers.FloatField(), help_text="in each state, by its code"
    )
    transition_count = serializers.IntegerField()
    cycle_count = serializers.IntegerField(help_text="runs that began")
    skip_count = serializers.IntegerField(help_text="looks that had no reason to begin")
    failure_count = serializers.IntegerField()
    failures_a_day = serializers.FloatField(allow_null=True)
    mean_recovery_seconds = serializers.FloatField(
        allow_null=True, help_text="from a failure to the end of the next run that did not fail"
    )
    mean_cycle_seconds = serializers.FloatField(allow_null=True)
    skipped_share = serializers.FloatField(allow_null=True, help_text="of all looks, 0 to 1")
    is_truncated = serializers.BooleanField(help_text="there were too many transitions for all")


class AgentStabilitySerializer(StabilitySerializer):
    agent = serializers.IntegerField()
    role = serializers.CharField()


class MissionStabilitySerializer(serializers.Serializer[dict[str, Any]]):
    total = StabilitySerializer()
    agents = AgentStabilitySerializer(many=True)


class TransitionPages(Pages):
    ordering = "-pk"


class AgentTransitionsView(GenericAPIView[AgentTransition]):
    pagination_class = TransitionPages
    serializer_class = AgentTransitionSerializer
    queryset = AgentTransition.objects.none()

    @extend_schema(
        operation_id="agents_transitions",
        responses={200: AgentTransitionSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """List an agent's changes of state with their reasons, the newest first; 30 days."""
        agent = agent_of(request, agent_id)
        page = self.paginate_queryset(AgentTransition.objects.filter(agent=agent))
        return self.get_paginated_response(AgentTransitionSerializer(page, many=True).data)


class AgentStabilityView(APIView):
    @extend_schema(
        operation_id="agents_stability",
        parameters=[DaysSerializer],
        responses={200: AgentStabilitySerializer, **problems(404, 422)},
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """Tell how steadily an agent worked in the last days."""
        return Response(_told([agent_of(request, agent_id)], request)[1][0])


class MissionStabilityView(APIView):
    @extend_schema(
        operation_id="missions_stability",
        parameters=[DaysSerializer],
        responses={200: MissionStabilitySerializer, **problems(404, 422)},
    )
    def get(self, request: Request, mission_id: int) -> Response:
        """Tell how steadily the agents of a mission worked in the last days."""
        membership(user=caller(request), mission_id=mission_id)
        total, agents = _told(list(Agent.objects.filter(mission_id=mission_id)), request)
        return Response({"total": StabilitySerializer(total).data, "agents": agents})


def _told(agents: list[Agent], request: Request) -> tuple[Stability, list[dict[str, Any]]]:
    filters = DaysSerializer(data=request.query_params)
    filters.is_valid(raise_exception=True)
    now = timezone.now()
    since = now - timedelta(days=filters.validated_data["days"])
    found = stability_of(agents, since=since, now=now)
    told = [
        {"agent": agent.pk, "role": agent.role, **StabilitySerializer(found[agent.pk]).data}
        for agent in agents
    ]
    return together(found.values()), told
