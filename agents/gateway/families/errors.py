"""Know what providers' errors mean: whole answers, and events in the middle of a stream.

The families name their errors differently enough for one table to hold them all, and some
providers pass on what another one said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from agents.gateway.failures import CallFailed, with_detail
from agents.gateway.protocol import Failure

_BY_STATUS: dict[int, Failure] = {
    401: "unauthorized",
    403: "unauthorized",
    404: "not_found",
    408: "timeout",
    413: "context_too_long",
    429: "rate_limited",
}
# What a stream says, whose status was 200.
_BY_CODE: dict[str, Failure] = {
    "authentication_error": "unauthorized",
    "permission_error": "unauthorized",
    "UNAUTHENTICATED": "unauthorized",
    "PERMISSION_DENIED": "unauthorized",
    "not_found_error": "not_found",
    "NOT_FOUND": "not_found",
    "request_too_large": "context_too_long",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "RESOURCE_EXHAUSTED": "rate_limited",
    "overloaded_error": "overloaded",
    "api_error": "overloaded",
    "server_error": "overloaded",
    "INTERNAL": "overloaded",
    "UNAVAILABLE": "overloaded",
    "timeout_error": "timeout",
    "DEADLINE_EXCEEDED": "timeout",
}
_CONTEXT_CODES = {"context_length_exceeded", "string_above_max_length"}
_CONTEXT_WORDS = (
    *("context length", "context window", "context limit", "maximum context"),
    *("prompt is too long", "exceeds the maximum number of tokens"),
)
_FILTER_CODES = {"content_filter", "content_policy_violation"}
# Gemini answers 400 to a key that it does not know.
_KEY_WORDS = ("api key not valid", "api key expired", "api_key_invalid")
# Waiting does not fill an account up again.
_SPENT_CODES = {
    *("insufficient_quota", "billing_hard_limit_reached", "insufficient_balance", "billing_error"),
}
_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")


def failure_of_answer(status: int, body: bytes) -> CallFailed:
    """Return what an answer other than 200 means."""
    error = _error_of(body)
    if 300 <= status < 400:
        # Followed, a redirect would carry the key to another address.
        sentence = with_detail("not_found", f"it redirects ({status}); set its final address")
        return CallFailed("not_found", sentence, status=status)
    failure = _failure_of(status, error)
    is_spent = bool(_codes(error) & _SPENT_CODES)
    detail = str(error.get("message") or "")
    return CallFailed(
        failure,
        with_detail(failure, f"{status} {detail}".strip()),
        status=status,
        is_transient=status >= 500 or (status == 429 and not is_spent),
        retry_after=_retry_delay(error),
    )


def failure_of_event(error: object) -> CallFailed:
    """Return what an error in the middle of a stream means."""
    values = error if isinstance(error, dict) else {"message": str(error)}
    code = values.get("code")
    status = code if isinstance(code, int) and not isinstance(code, bool) else 0
    failure = _failure_of(status, values)
    if failure == "refused":
        failure = "cut_off"
    return CallFailed(failure, with_detail(failure, str(values.get("message") or "")), status=200)


def _failure_of(status: int, error: Mapping[str, Any]) -> Failure:
    codes = _codes(error)
    message = str(error.get("message") or "").lower()
    if codes & _CONTEXT_CODES or any(words in message for words in _CONTEXT_WORDS):
        return "context_too_long"
    if codes & _FILTER_CODES:
        return "filtered"
    if any(words in message for words in _KEY_WORDS):
        return "unauthorized"
    if status >= 500:
        return "overloaded"
    named: Failure = next((_BY_CODE[code] for code in sorted(codes) if code in _BY_CODE), "refused")
    return _BY_STATUS.get(status, "refused") if status else named


def _codes(error: Mapping[str, Any]) -> set[str]:
    """Return the words that name the error, wherever a family puts them."""
    return {str(error[name]) for name in ("code", "type", "status") if error.get(name)}


def _error_of(body: bytes) -> Mapping[str, Any]:
    """Return the error object of an answer, whichever of the usual shapes it has."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(values, list) and values:
        values = values[0]
    if not isinstance(values, dict):
        return {}
    error = values.get("error", values)
    return error if isinstance(error, dict) else {"message": str(error)}


def _retry_delay(error: Mapping[str, Any]) -> float | None:
    """Return how many seconds Gemini asks to wait, which it says in the body alone."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (found := _DELAY.fullmatch(delay)):
            return float(found[1])
    return None


def error_body(sentence: str, code: str) -> dict[str, Any]:
    """Return the body of an error for the child, in a shape that the clients of all families read.

    OpenAI's and Gemini's have the inner object alone; Anthropic's names its kind beside it.
    """
    return {
        "type": "error",
        "error": {
            "message": sentence,
            "type": "invalid_request_error",
            "param": None,
            "code": code,
        },
    }
