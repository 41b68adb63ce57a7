"""A request's id: taken from the proxy if well-formed, given back, put on every log line.

And one line for each request: what was asked, how it ended, how long it took, who asked.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject

from parallagon.core.logging import log_context

access = logging.getLogger("parallagon.access")

_ID = re.compile(r"^[\w-]{8,64}$")
_PROBES: Final = ("/health/", "/metrics")
"""What asks every few seconds; seen at DEBUG only."""
_NAMED: Final = ("mission", "agent", "run")


class RequestIdMiddleware:
    """Name each request and its lines in the log; say at its end how it went."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ID.match(given) else uuid.uuid4().hex
        request.META["parallagon.request_id"] = request_id
        started = time.perf_counter()
        named = {name: partial(_in_address, request, f"{name}_id") for name in _NAMED}
        with log_context(request=request_id, user=partial(_user, request), **named):
            response = self.get_response(request)
            _tell(request, response, seconds=time.perf_counter() - started)
        response["X-Request-Id"] = request_id
        return response


def _tell(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    # Without the query: it holds what people look for, and sign-in links.
    milliseconds = round(seconds * 1000, 1)
    access.log(
        logging.DEBUG if request.path.startswith(_PROBES) else logging.INFO,
        "%s %s %s in %.1f ms",
        request.method,
        request.path,
        response.status_code,
        milliseconds,
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": milliseconds,
        },
    )


def _user(request: HttpRequest) -> object:
    """Return who asks, where that is known already: no line of the log costs a query."""
    user = vars(request).get("user")
    if isinstance(user, LazyObject):
        user = vars(request).get("_cached_user")
    return getattr(user, "pk", None)


def _in_address(request: HttpRequest, name: str) -> object:
    match = request.resolver_match
    return match.kwargs.get(name) if match else None
