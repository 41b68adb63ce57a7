"""How the API knows who asks."""

from django.http import HttpRequest
from rest_framework import authentication


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; a stranger gets 401, not 403."""

    def authenticate_header(self, request: HttpRequest) -> str:
        return "Session"
