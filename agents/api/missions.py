"""Start and stop the team of a mission, and end what it is at."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.services import CancelMission, RunMission, StartMission, StopMission
from missions.api.serializers import MissionSerializer
from missions.api.views.missions import mission_data
from missions.models import Membership
from missions.selectors import membership
from parallagon.accounts.authentication import caller
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core import limits
from parallagon.core.api import problems


class _MissionAction(APIView):
    """One thing done to the whole team; the answer is the mission as it is afterwards."""

    limited_as: ClassVar = limits.CONTROL
    operation: Callable[..., Any]

    def post(self, request: Request, mission_id: int) -> Response:
        mission = membership(
            user=caller(request), mission_id=mission_id, at_least=Membership.Role.EDITOR
        ).mission
        type(self).operation(mission=mission, now=timezone.now()).execute()
        return Response(mission_data(request, mission_id))


@extend_schema_view(
    post=extend_schema(
        operation_id="missions_start",
        request=None,
        responses={200: MissionSerializer, **problems(403, 404, 409)},
    )
)
class StartMissionView(_MissionAction):
    operation = StartMission


@extend_schema_view(
    post=extend_schema(
        operation_id="missions_stop",
        request=None,
        responses={200: MissionSerializer, **problems(403, 404, 409)},
    )
)
class StopMissionView(_MissionAction):
    operation = StopMission


@extend_schema_view(
    post=extend_schema(
        operation_id="missions_run",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={200: MissionSerializer, **problems(403, 404, 409, 422)},
    )
)
class RunMissionView(_MissionAction):
    operation = RunMission
    post = repeatable(_MissionAction.post)


@extend_schema_view(
    post=extend_schema(
        operation_id="missions_cancel",
        request=None,
        responses={200: MissionSerializer, **problems(403, 404, 409)},
    )
)
class CancelMissionView(_MissionAction):
    operation = CancelMission
