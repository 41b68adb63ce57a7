"""A request's id: taken from the proxy if well-formed, given back, put on every log line."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from parallagon.core.logging import log_context

_ID = re.compile(r"^[\w-]{8,64}$")


class RequestIdMiddleware:
    """Name each request and its lines in the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ID.match(given) else uuid.uuid4().hex
        request.META["parallagon.request_id"] = request_id
        with log_context(request=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response
