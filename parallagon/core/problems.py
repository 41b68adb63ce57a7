"""The body of every failure (RFC 9457), which is known before any framework is there."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest

from parallagon.core.scrubbing import scrub

CONTENT_TYPE: Final = "application/problem+json"


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    details: Mapping[str, Any] | None = None,
    request: HttpRequest | None = None,
) -> dict[str, Any]:
    """Return the body of a failure."""
    return {
        "type": f"urn:parallagon:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": scrub(detail),
        "details": dict(details or {}),
        "request_id": request.META.get("parallagon.request_id") if request else None,
    }
