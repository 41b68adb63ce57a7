"""The states of a mission over HTTP: archive, restore, and what happened so far."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from missions import selectors
from missions.api.serializers import MissionSerializer, TransitionSerializer
from missions.api.views.base import MissionScoped, Role
from missions.api.views.missions import answer
from missions.models import MissionTransition
from missions.services import ArchiveMission, RestoreMission
from parallagon.accounts.models import ApiKey
from parallagon.core.api import problems


class ArchiveMissionView(MissionScoped):
    key_scopes: ClassVar = {"POST": ApiKey.Scope.ADMIN.value}
    writer = Role.OWNER
    serializer_class = MissionSerializer

    @extend_schema(
        operation_id="missions_archive",
        request=None,
        responses={200: MissionSerializer, **problems(403, 404, 409)},
    )
    def post(self, _request: Request, **_: Any) -> Response:
        """Put a mission away: it can be read, not written, and its agents rest."""
        ArchiveMission(mission=self.mission, user=self.user, now=timezone.now()).execute()
        return answer(self.membership)


class RestoreMissionView(MissionScoped):
    key_scopes: ClassVar = {"POST": ApiKey.Scope.ADMIN.value}
    writer = Role.OWNER
    shows_deleted = True
    serializer_class = MissionSerializer

    @extend_schema(
        operation_id="missions_restore",
        request=None,
        responses={200: MissionSerializer, **problems(403, 404, 409)},
    )
    def post(self, _request: Request, **_: Any) -> Response:
        """Take a mission out of the archive, or undo its deletion."""
        RestoreMission(mission=self.mission, user=self.user, now=timezone.now()).execute()
        return answer(self.membership)


class HistoryView(MissionScoped):
    shows_deleted = True
    serializer_class = TransitionSerializer
    queryset = MissionTransition.objects.none()

    @extend_schema(
        operation_id="missions_history",
        responses={200: TransitionSerializer(many=True), **problems(404)},
    )
    def get(self, _request: Request, **_: Any) -> Response:
        """List when a mission was archived, deleted and restored, and by whom, newest first."""
        page = self.paginate_queryset(selectors.transitions_of(mission=self.mission))
        return self.get_paginated_response(TransitionSerializer(page, many=True).data)
