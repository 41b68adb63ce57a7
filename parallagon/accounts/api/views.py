"""Who am I, and tokens for programs."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from parallagon.accounts.api.serializers import MeSerializer
from parallagon.accounts.api.throttling import SignInThrottle
from parallagon.accounts.models import User


class MeView(APIView):
    """The person who asks."""

    @extend_schema(operation_id="auth_me", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return the signed-in person."""
        return Response(MeSerializer(cast("User", request.user)).data)


class TokenView(TokenObtainPairView):
    """A pair of tokens for a user name and a password."""

    throttle_classes = [SignInThrottle]

    @extend_schema(operation_id="auth_token")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Exchange a user name and a password for an access and a refresh token."""
        return super().post(request, *args, **kwargs)


class RefreshView(TokenRefreshView):
    """A new pair for a refresh token, which is then spent."""

    @extend_schema(operation_id="auth_token_refresh")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Exchange a refresh token for a new pair."""
        return super().post(request, *args, **kwargs)
