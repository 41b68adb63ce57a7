"""Know the OpenAI protocol: requests as sent on, errors as they come back, errors for the child."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.gateway.failures import CallFailed, with_detail
from agents.gateway.protocol import Failure, Upstream

PATH = "/chat/completions"

_BY_STATUS: dict[int, Failure] = {
    401: "unauthorized",
    403: "unauthorized",
    404: "not_found",
    408: "timeout",
    413: "context_too_long",
    429: "rate_limited",
}
_CONTEXT_CODES = {"context_length_exceeded", "string_above_max_length"}
_CONTEXT_WORDS = ("context length", "context window", "context limit", "maximum context")
_FILTER_CODES = {"content_filter", "content_policy_violation"}
# Waiting does not fill an account up again.
_SPENT_CODES = {"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"}


def outgoing_body(request: Mapping[str, Any], model: str, *, asks_usage: bool) -> bytes:
    """Return the request for the provider: its own model name, and usage asked for in streams."""
    body = dict(request, model=model)
    if not asks_usage:
        body.pop("stream_options", None)
    elif body.get("stream"):
        options = body.get("stream_options")
        body["stream_options"] = dict(options if isinstance(options, dict) else {}) | {
            "include_usage": True
        }
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def outgoing_headers(upstream: Upstream, key: str | None, *, is_stream: bool) -> dict[str, str]:
    """Return the headers for the provider; nothing of the child's own headers goes on."""
    headers = {
        "Accept": "text/event-stream" if is_stream else "application/json",
        # Bytes are judged as they come: no compression in between.
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "User-Agent": "parallagon",
        **upstream.headers,
    }
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return headers


def input_characters(request: Mapping[str, Any]) -> int:
    """Return the length of the prompt, for an estimate of its tokens."""
    messages = request.get("messages")
    if not isinstance(messages, list):
        return 0
    return sum(_content_characters(m.get("content")) for m in messages if isinstance(m, dict))


def _content_characters(content: object) -> int:
    if isinstance(content, str):
        return len(content)
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return sum(len(text) for text in parts if isinstance(text, str))
    return 0


def refuses_usage_option(status: int, body: bytes) -> bool:
    """Tell whether the provider refused the call because it was asked for usage in a stream."""
    return status in (400, 422) and b"stream_options" in body


def failure_of_answer(status: int, body: bytes) -> CallFailed:
    """Return what an answer other than 200 means."""
    error = _error_of(body)
    if 300 <= status < 400:
        # Followed, a redirect would carry the key to another address.
        sentence = with_detail("not_found", f"it redirects ({status}); set its final address")
        return CallFailed("not_found", sentence, status=status)
    failure = _failure_of(status, error)
    code = str(error.get("code") or error.get("type") or "")
    detail = str(error.get("message") or "")
    return CallFailed(
        failure,
        with_detail(failure, f"{status} {detail}".strip()),
        status=status,
        is_transient=status >= 500 or (status == 429 and code not in _SPENT_CODES),
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
    code = str(error.get("code") or error.get("type") or "")
    message = str(error.get("message") or "").lower()
    if code in _CONTEXT_CODES or any(words in message for words in _CONTEXT_WORDS):
        return "context_too_long"
    if code in _FILTER_CODES:
        return "filtered"
    if status >= 500:
        return "overloaded"
    return _BY_STATUS.get(status, "refused")


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


def error_body(sentence: str, code: str) -> dict[str, Any]:
    """Return the body of an error for the child, as its OpenAI client reads it."""
    return {
        "error": {
            "message": sentence,
            "type": "invalid_request_error",
            "param": None,
            "code": code,
        }
    }
