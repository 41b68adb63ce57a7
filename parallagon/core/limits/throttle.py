"""How often a person may ask the API (django-ratelimit counts, in Redis, for all processes)."""

import time
from typing import Any, Final

from django_ratelimit.core import get_usage
from prometheus_client import Counter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from parallagon.core import limits
from parallagon.core.limits.governor import governor

REFUSED = Counter("parallagon_limits_refused", "Requests beyond a rate limit.", ["limit"])
UNCOUNTED = Counter(
    "parallagon_limits_uncounted", "Requests let through since Redis could not count them."
)
_REST: Final = 2.0
"""Seconds for which Redis is not asked again after it did not answer."""


class RateThrottle(BaseThrottle):
    """The rate of a view's class (``limited_as``; else of reads or writes), for each person.

    Whoever is not signed in is counted by address, in a class of their own. Nobody is refused
    because Redis is down: the edge still holds off floods, by itself.
    """

    _ignored_until: float = 0.0

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        name, who = self._counted_as(request, view)
        rate = limits.rate(name)
        if rate is None or time.monotonic() < RateThrottle._ignored_until:
            return True
        usage = get_usage(
            request._request,  # noqa: SLF001 - DRF has no public name for it
            group=f"limits.{name}",
            key=lambda _group, _request: who,
            rate=rate,
            increment=True,
        )
        if usage is None:
            UNCOUNTED.inc()
            RateThrottle._ignored_until = time.monotonic() + _REST
            return True
        # By the whole rate, since another rate would be counted anew.
        if usage["count"] <= max(1, int(rate[0] * governor().share)):
            return True
        REFUSED.labels(name).inc()
        self._wait = usage["time_left"]
        return False

    def wait(self) -> float:
        return self._wait

    def _counted_as(self, request: Request, view: Any) -> tuple[str, str]:
        if not request.user.is_authenticated:
            return limits.ANONYMOUS, self.get_ident(request)
        usual = limits.READ if request.method in SAFE_METHODS else limits.WRITE
        return getattr(view, "limited_as", usual), str(request.user.pk)
