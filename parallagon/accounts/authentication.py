"""How the API knows who asks."""

from typing import cast

from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.request import Request

from parallagon.accounts.models import User


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; a stranger gets 401, not 403."""

    def authenticate_header(self, request: HttpRequest) -> str:
        return "Session"


def caller(request: Request) -> User:
    """Return who asks; only for views that let nobody in who is not signed in."""
    return cast("User", request.user)
