"""What the edge answers with: the API's problem body, in the language of whoever asks."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.utils import translation

from parallagon.core.errors import ParallagonError
from parallagon.core.problems import CONTENT_TYPE, problem


def refusal(
    error: ParallagonError,
    *,
    headers: Mapping[str, str] | None = None,
    keeps_open: bool = False,
) -> bytes:
    """Return a whole answer that tells of ``error``."""
    body = json.dumps(
        problem(status=error.status, code=error.code, detail=str(error), details=error.details)
    ).encode()
    lines = {
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "keep-alive" if keeps_open else "close",
        **(headers or {}),
    }
    status = HTTPStatus(error.status)
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in lines.items()),
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def spoken(accepted: bytes) -> Any:
    """Speak, for a block, the language that ``Accept-Language`` wants, or the installation's."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = accepted.decode("ascii", "replace")
    return translation.override(translation.get_language_from_request(request))
