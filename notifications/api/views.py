"""What a person was told, over HTTP: read it, mark it read, tell others."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from missions.models import Membership
from missions.selectors import membership
from notifications import frames, selectors
from notifications.api.serializers import (
    NotedSerializer,
    NoteSerializer,
    NotificationFilterSerializer,
    NotificationPageSerializer,
    NotificationSerializer,
    ReadAllSerializer,
    ReadSerializer,
)
from notifications.api.throttling import NoteThrottle
from notifications.models import Notification
from notifications.services import Announce, MarkAllRead, MarkRead, PostNote
from parallagon.accounts.authentication import caller
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core.api import problems
from parallagon.core.errors import PermissionDeniedError


class NotificationListView(GenericAPIView[Notification]):
    serializer_class = NotificationSerializer
    queryset = Notification.objects.none()

    def get_throttles(self) -> list[Any]:
        own = [NoteThrottle()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *own]

    @extend_schema(
        operation_id="notifications_list",
        parameters=[NotificationFilterSerializer],
        responses={200: NotificationPageSerializer, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List what the caller was told, the newest first, and how much of it is unread."""
        given = NotificationFilterSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        user, now = caller(request), timezone.now()
        seq = selectors.inbox_number(user_id=user.pk)
        rows = selectors.notifications_of(user=user, now=now)
        if wanted["unread"] is not None:
            rows = rows.filter(read_at__isnull=wanted["unread"])
        rows = rows.filter(**{name: wanted[name] for name in ("level", "type") if name in wanted})
        if "mission" in wanted:
            rows = rows.filter(mission_id=wanted["mission"])
        page = self.paginate_queryset(rows) or []
        language = selectors.language_of(user)
        shown = [frames.shown(row, language=language) for row in page]
        unread = selectors.unread_by_level(user=user, now=now)
        answer = self.get_paginated_response(NotificationSerializer(shown, many=True).data)
        answer.data |= {"unread": {"total": sum(unread.values()), **unread}, "seq": seq}
        return answer

    @extend_schema(
        operation_id="notifications_create",
        parameters=[IDEMPOTENCY_KEY],
        request=NoteSerializer,
        responses={201: NotedSerializer, **problems(400, 403, 404, 409, 413, 422, 429)},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Tell a mission's members something (an owner), or everyone (staff)."""
        given = NoteSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        mission_id = wanted.pop("mission")
        user, now = caller(request), timezone.now()
        if mission_id is None:
            if not user.is_staff:
                raise PermissionDeniedError(_("Only staff may tell everyone something."))
            told = Announce(now=now, **wanted).execute()
        else:
            owner = membership(user=user, mission_id=mission_id, at_least=Membership.Role.OWNER)
            told = PostNote(mission=owner.mission, author=user, now=now, **wanted).execute()
        return Response({"told": len(told)}, status=201)


class ReadView(GenericAPIView[Notification]):
    serializer_class = NotificationSerializer

    @extend_schema(
        operation_id="notifications_read",
        request=None,
        responses={200: NotificationSerializer, **problems(403, 404)},
    )
    def post(self, request: Request, notification_id: int) -> Response:
        """Note that the caller has read a message; once more changes nothing."""
        user = caller(request)
        found = selectors.notification(user=user, notification_id=notification_id)
        read = MarkRead(notification=found, now=timezone.now()).execute()
        shown = frames.shown(read, language=selectors.language_of(user))
        return Response(NotificationSerializer(shown).data)


class ReadAllView(GenericAPIView[Notification]):
    serializer_class = ReadSerializer

    @extend_schema(
        operation_id="notifications_read_all",
        request=ReadAllSerializer,
        responses={200: ReadSerializer, **problems(400, 403, 413, 422)},
    )
    def post(self, request: Request) -> Response:
        """Note that the caller has read everything, or everything up to a message."""
        given = ReadAllSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        until = given.validated_data["until"]
        count = MarkAllRead(user=caller(request), until=until, now=timezone.now()).execute()
        return Response({"read": count})
