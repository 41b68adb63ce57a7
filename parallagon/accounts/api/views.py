"""Who am I, and tokens for programs."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.serializers import (
    TokenObtainPairSerializer,
    TokenRefreshSerializer,
)
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.views import (
    TokenBlacklistView,
    TokenObtainPairView,
    TokenRefreshView,
)

from parallagon.accounts.api.serializers import MeSerializer
from parallagon.accounts.api.throttling import SignInThrottle
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.accounts.services import MakeTicket
from parallagon.accounts.services.tickets import TICKET_SECONDS
from parallagon.core.api import problems


class MeView(APIView):
    """The person who asks."""

    key_scopes: ClassVar = {"GET": ApiKey.Scope.READ.value}

    @extend_schema(operation_id="auth_me", responses={200: MeSerializer, **problems()})
    def get(self, request: Request) -> Response:
        """Return the signed-in person."""
        return Response(MeSerializer(caller(request)).data)


class TokenView(TokenObtainPairView):
    """A pair of tokens for a user name and a password."""

    throttle_classes = [SignInThrottle]

    @extend_schema(
        operation_id="auth_token",
        responses={200: TokenObtainPairSerializer, **problems(400, 422, 429)},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Exchange a user name and a password for an access and a refresh token."""
        return super().post(request, *args, **kwargs)


class RefreshView(TokenRefreshView):
    """A new pair for a refresh token, which is then spent."""

    @extend_schema(
        operation_id="auth_token_refresh",
        responses={200: TokenRefreshSerializer, **problems(400, 422)},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Exchange a refresh token for a new pair."""
        return super().post(request, *args, **kwargs)


class RevokeView(TokenBlacklistView):
    """The end of a refresh token."""

    @extend_schema(
        operation_id="auth_token_revoke",
        responses={200: None, **problems(400, 422)},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Spend a refresh token for nothing: it and its heirs renew no more."""
        return super().post(request, *args, **kwargs)


class TicketSerializer(serializers.Serializer[dict[str, Any]]):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class SocketTicketView(APIView):
    """Tickets for sockets; a key goes into the handshake itself."""

    @extend_schema(
        operation_id="auth_socket_ticket",
        request=None,
        responses={201: TicketSerializer, **problems(403)},
    )
    def post(self, request: Request) -> Response:
        """Make a ticket for one socket: `Sec-WebSocket-Protocol: parallagon.v1, ticket.…`."""
        token = request.auth if isinstance(request.auth, Token) else None
        ticket = MakeTicket(
            user=caller(request),
            session_key="" if token else request.session.session_key or "",
            ends_at=datetime.fromtimestamp(token["exp"], UTC) if token else None,
            now=timezone.now(),
        ).execute()
        body = {"ticket": ticket, "expires_in": TICKET_SECONDS}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})
