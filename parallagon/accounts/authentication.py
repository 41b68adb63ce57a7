"""How the API knows who asks."""

from typing import cast

from django.http import HttpRequest
from django.utils import timezone
from rest_framework import authentication
from rest_framework.request import Request

from parallagon.accounts import credentials
from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.secrets import KEY_MARK

_SCHEME = "bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; a stranger gets 401, not 403."""

    def authenticate_header(self, request: HttpRequest) -> str:
        return "Session"


class KeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer pk_…``; other bearers are somebody else's to read."""

    def authenticate(self, request: Request | HttpRequest) -> tuple[User, ApiKey] | None:
        """Return the person a key acts for, and the key.

        Raises:
            AuthenticationFailed: there is a key, and it is not good.
        """
        secret = bearer(request)
        if secret is None or not secret.startswith(KEY_MARK):
            return None
        found = credentials.read(secret, now=timezone.now())
        return found.user, cast("ApiKey", found.key)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def bearer(request: Request | HttpRequest) -> str | None:
    """Return what the ``Authorization`` header bears."""
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return secret.strip() or None if scheme.lower() == _SCHEME else None


def caller(request: Request) -> User:
    """Return who asks; only for views that let nobody in who is not signed in."""
    return cast("User", request.user)
