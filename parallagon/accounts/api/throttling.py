"""How often somebody may try to sign in (django-ratelimit counts, in the shared cache)."""

from typing import Any

from django_ratelimit.core import get_usage
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

GROUP = "accounts.sign_in"


class SignInThrottle(BaseThrottle):
    """Five attempts a minute for an address and an account, thirty for an address.

    The address is that of the connection, or what ``TRUSTED_PROXIES`` proxies in front say.
    """

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        name = request.data.get("username") if isinstance(request.data, dict) else None
        address = self.get_ident(request)
        keys = {f"{address} {str(name)[:150]}": "5/m", str(address): "30/m"}
        usages = [
            get_usage(
                request._request,  # noqa: SLF001 - DRF has no public name for it
                group=GROUP,
                key=lambda _group, _request, key=key: key,
                rate=rate,
                increment=True,
            )
            for key, rate in keys.items()
        ]
        over = [usage for usage in usages if usage and usage["should_limit"]]
        self._wait = max((usage["time_left"] for usage in over), default=0)
        return not over

    def wait(self) -> float:
        return self._wait
