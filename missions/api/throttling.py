"""How often somebody may ask whether an account exists (django-ratelimit counts)."""

from typing import Any

from django_ratelimit.core import get_usage
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

GROUP = "missions.members"
RATE = "30/h"


class MemberThrottle(BaseThrottle):
    """Thirty people an hour and account: enough for a team, too few to try names."""

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        usage = get_usage(
            request._request,  # noqa: SLF001 - DRF has no public name for it
            group=GROUP,
            key=lambda _group, _request: str(request.user.pk),
            rate=RATE,
            increment=True,
        )
        self._wait = usage["time_left"] if usage else 0
        return not (usage and usage["should_limit"])

    def wait(self) -> float:
        return self._wait
