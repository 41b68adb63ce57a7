"""How often somebody may try to sign in over the API."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from parallagon.accounts import attempts


class SignInThrottle(BaseThrottle):
    """As many attempts as the page allows, and counted with them."""

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        name = request.data.get("username") if isinstance(request.data, dict) else None
        self._wait = attempts.seconds_to_wait(request._request, str(name))  # noqa: SLF001 - DRF has no public name for it
        return not self._wait

    def wait(self) -> float:
        return self._wait


class PasswordThrottle(SignInThrottle):
    """A stolen session must not try passwords at speed either."""

    def allow_request(self, request: Request, view: Any) -> bool:
        self._wait = attempts.seconds_to_wait(request._request, f"password {request.user.pk}")  # noqa: SLF001
        return not self._wait
