"""How an agent works, over HTTP: its model, its mode, how often it looks, which files it sees."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.agents import agent_of, change_agent
from agents.api.guidance_serializers import ConfigSerializer, ConfigUpdateSerializer
from agents.models import Agent
from agents.roles import registry
from agents.services import ConfigureAgent
from agents.services.queue import bounds_of
from missions.models import MissionFile
from missions.turns import turn
from parallagon.core.api import problems

MODE = ("mode", "shortest", "longest")


def config_data(agent: Agent) -> dict[str, Any]:
    """Return how an agent works as JSON; one query."""
    role = registry.of(agent)
    present = MissionFile.objects.filter(mission_id=agent.mission_id).present()
    shortest, longest = bounds_of(agent)
    patterns = role.list_files()
    body = {
        "model": agent.model,
        "effective_model": agent.model or agent.mission.model,
        "mode": agent.mode,
        "shortest": agent.shortest,
        "longest": agent.longest,
        "effective_shortest": shortest,
        "effective_longest": longest,
        "writes": patterns.writes,
        "watches": patterns.watches,
        "reads": patterns.reads,
        "matches": role.run_files(present.values_list("path", flat=True)),
    }
    return dict(ConfigSerializer(body).data)


class ConfigView(APIView):
    @extend_schema(operation_id="agents_config", responses={200: ConfigSerializer, **problems(404)})
    def get(self, request: Request, agent_id: int) -> Response:
        """Read how the agent works, and which files its patterns match now."""
        return Response(config_data(agent_of(request, agent_id)))

    @extend_schema(
        operation_id="agents_configure",
        request=ConfigUpdateSerializer,
        responses={200: ConfigSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def patch(self, request: Request, agent_id: int) -> Response:
        """Change what is given; an interval of null is the role's, an empty model the mission's."""
        agent = agent_of(request, agent_id, to_write=True)
        serializer = ConfigUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        with turn(agent.mission_id):
            change_agent(agent, given)
            if given.keys() & set(MODE):
                values = {name: given.get(name, getattr(agent, name)) for name in MODE}
                ConfigureAgent(agent=agent, now=timezone.now(), **values).execute()
        return Response(config_data(agent))
