"""How often somebody may make Parallagon tell others something (django-ratelimit counts)."""

from typing import Any, ClassVar

from django_ratelimit.core import get_usage
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


class _PerAccount(BaseThrottle):
    group: ClassVar[str]
    rate: ClassVar[str]

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        usage = get_usage(
            request._request,  # noqa: SLF001 - DRF has no public name for it
            group=self.group,
            key=lambda _group, _request: str(request.user.pk),
            rate=self.rate,
            increment=True,
        )
        self._wait = usage["time_left"] if usage else 0
        return not (usage and usage["should_limit"])

    def wait(self) -> float:
        return self._wait


class NoteThrottle(_PerAccount):
    """Twenty notes an hour: enough to work together, too few to flood."""

    group = "notifications.notes"
    rate = "20/h"


class TestThrottle(_PerAccount):
    """Twenty tests an hour: an address belongs perhaps to somebody else."""

    __test__ = False  # pytest: this is no test
    group = "notifications.tests"
    rate = "20/h"
