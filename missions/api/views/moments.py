"""A whole mission as it was, over HTTP."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from missions import moments, selectors
from missions.api.serializers import RestoredMissionSerializer, RestoreToSerializer
from missions.api.views.base import MissionScoped
from missions.moments import Moment
from missions.services import RestoreMissionTo
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core import limits
from parallagon.core.api import problems


class RestoreToView(MissionScoped):
    limited_as: ClassVar = limits.EXPENSIVE
    serializer_class = RestoredMissionSerializer

    @extend_schema(
        operation_id="missions_restore_to",
        parameters=[IDEMPOTENCY_KEY],
        request=RestoreToSerializer,
        responses={
            200: RestoredMissionSerializer,
            **problems(400, 403, 404, 409, 413, 422, 503),
        },
    )
    @repeatable
    def post(self, request: Request, **_: Any) -> Response:
        """Make every file what it was at a moment, or only say what that would change."""
        given = RestoreToSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        restore = RestoreMissionTo(
            mission=self.mission,
            user=self.user,
            moment=self._moment(given.validated_data),
            now=timezone.now(),
            preview=given.validated_data["preview"],
        )
        files = restore.execute()
        body = {"at": restore.moment.at, "is_preview": restore.preview, "files": files}
        return Response(RestoredMissionSerializer(body).data)

    def _moment(self, wanted: Mapping[str, Any]) -> Moment:
        if "at" in wanted:
            return moments.moment_at(mission=self.mission, at=wanted["at"])
        if "seq" in wanted:
            return moments.moment_after(mission=self.mission, seq=wanted["seq"])
        revision = selectors.revision_of(mission=self.mission, **wanted["revision"])
        return moments.moment_of(mission=self.mission, revision=revision)
