"""One's own sessions and password over HTTP; never with a key."""

from typing import Any

from django.contrib.auth import logout
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from parallagon.accounts import selectors, sessions
from parallagon.accounts.api.throttling import PasswordThrottle
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import SignedIn
from parallagon.accounts.services import ChangePassword, EndSession, SignOutEverywhere
from parallagon.core.api import problems
from parallagon.core.limits.throttle import RateThrottle


class SessionSerializer(serializers.ModelSerializer[SignedIn]):
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = SignedIn
        fields = ["id", "created_at", "seen_at", "address", "agent", "is_current"]
        read_only_fields = fields

    def get_is_current(self, session: SignedIn) -> bool:
        current: str | None = self.context["session_key"]
        return session.session_key == current


class PasswordSerializer(serializers.Serializer[dict[str, Any]]):
    current = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=4096,
        trim_whitespace=False,
        help_text="Left out by who has no password yet.",
    )
    new = serializers.CharField(max_length=4096, trim_whitespace=False)


class SessionListView(GenericAPIView[SignedIn]):
    serializer_class = SessionSerializer
    queryset = SignedIn.objects.none()

    @extend_schema(
        operation_id="sessions_list",
        responses={200: SessionSerializer(many=True), **problems(403)},
    )
    def get(self, request: Request) -> Response:
        """List where the caller is signed in, the newest first."""
        page = self.paginate_queryset(
            selectors.sessions_of(user=caller(request), now=timezone.now())
        )
        context = {"session_key": request.session.session_key}
        body = SessionSerializer(page, many=True, context=context).data
        return self.get_paginated_response(body)


class SessionView(APIView):
    @extend_schema(operation_id="sessions_end", responses={204: None, **problems(403, 404)})
    def delete(self, request: Request, session_id: int) -> Response:
        """End a session, one's own included."""
        found = selectors.session(user=caller(request), session_id=session_id)
        if found.session_key == request.session.session_key:
            logout(request._request)  # noqa: SLF001 - DRF has no public name for it
        EndSession(session=found).execute()
        return Response(status=204)


class SignOutEverywhereView(APIView):
    @extend_schema(
        operation_id="sessions_end_all", request=None, responses={204: None, **problems(403)}
    )
    def post(self, request: Request) -> Response:
        """End every session and token of the caller, this one too; keys stay."""
        SignOutEverywhere(user=caller(request), now=timezone.now()).execute()
        logout(request._request)  # noqa: SLF001 - DRF has no public name for it
        return Response(status=204)


class PasswordView(APIView):
    throttle_classes = [RateThrottle, PasswordThrottle]

    @extend_schema(
        operation_id="auth_password",
        request=PasswordSerializer,
        responses={204: None, **problems(400, 403, 413, 422, 429)},
    )
    def post(self, request: Request) -> Response:
        """Change one's password; everything that is signed in elsewhere ends."""
        given = PasswordSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = caller(request)
        key = request.session.session_key
        ChangePassword(user=user, **given.validated_data, session_key=key).execute()
        if key:
            sessions.renew(request._request, user)  # noqa: SLF001 - DRF has no public name for it
        return Response(status=204)
