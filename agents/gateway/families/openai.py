"""The OpenAI protocol: OpenAI, OpenRouter, Mistral, DeepSeek, vLLM, LM Studio, Ollama's `/v1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from agents.gateway.failures import CallFailed
from agents.gateway.families.base import (
    LENGTH,
    BadEnds,
    Family,
    Reply,
    Usage,
    as_count,
    as_objects,
    as_text,
    has_objects,
    read_object,
    to_bytes,
)
from agents.gateway.families.errors import failure_of_event
from agents.gateway.protocol import Upstream

END_MARK = b"[DONE]"


class OpenAIReply(Reply):
    """A chat completion; a stream of it ends with a mark of its own."""

    complete_ends: ClassVar = frozenset({"stop", "tool_calls"})
    bad_ends: ClassVar[BadEnds] = {
        "length": ("reply_too_long", LENGTH),
        "model_length": ("reply_too_long", LENGTH),
        "max_tokens": ("reply_too_long", LENGTH),
        "content_filter": ("filtered", ""),
        "safety": ("filtered", ""),
        "error": ("overloaded", ""),
        "insufficient_system_resource": ("overloaded", ""),
    }

    def take_event(self, data: bytes) -> None:
        """Take in the end mark or a piece of the reply. Raises CallFailed."""
        if data.strip() == END_MARK:
            self.is_done = True
        else:
            self._take(read_object(data), "delta")

    def take_body(self, values: dict[str, Any]) -> None:
        """Take in a whole reply. Raises CallFailed."""
        if "choices" not in values and not values.get("error"):
            raise CallFailed("malformed", status=200)
        self._take(values, "message")

    def _take(self, values: dict[str, Any], part: str) -> None:
        """Take in one object; `part` names what its choices carry."""
        if values.get("error"):
            raise failure_of_event(values["error"])
        self.usage = _read_usage(values.get("usage")) or self.usage
        for choice in as_objects(values.get("choices")):
            self._take_choice(choice, part)

    def _take_choice(self, choice: dict[str, Any], part: str) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        self.begin(index)
        if end := choice.get("finish_reason"):
            self.end_for(end, index)
        message = choice.get(part)
        if not isinstance(message, dict):
            return
        self.add_text(as_text(message.get("content")))
        self.refusal += as_text(message.get("refusal"))
        self.add_tool_calls(message.get("tool_calls"))
        thought = as_text(message.get("reasoning_content")) or as_text(message.get("reasoning"))
        self.characters += len(thought)


class OpenAI(Family):
    """Chat completions."""

    name: ClassVar = "openai"
    root: ClassVar = "/v1"
    route: ClassVar = "/v1/chat/completions"
    asks_usage: ClassVar = True

    def token(self, headers: Mapping[str, str]) -> str:
        """Return the bearer token."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def is_question(self, body: Mapping[str, Any]) -> bool:
        """Tell whether it has messages."""
        return has_objects(body, "messages")

    def url(self, upstream: Upstream, *, is_stream: bool) -> str:
        """Return the one address for all questions."""
        return upstream.base_url.rstrip("/") + "/chat/completions"

    def key_headers(self, key: str | None) -> dict[str, str]:
        """Return the key as a bearer token."""
        return {} if key is None else {"Authorization": f"Bearer {key}"}

    def outgoing_body(self, request: Mapping[str, Any], model: str, *, asks_usage: bool) -> bytes:
        """Return the request with its own model name, and usage asked for in streams."""
        body = dict(request, model=model)
        if not asks_usage:
            body.pop("stream_options", None)
        elif body.get("stream"):
            options = body.get("stream_options")
            body["stream_options"] = dict(options if isinstance(options, dict) else {}) | {
                "include_usage": True
            }
        return to_bytes(body)

    def new_reply(self) -> Reply:
        """Return an empty chat completion."""
        return OpenAIReply()


def refuses_usage_option(status: int, body: bytes) -> bool:
    """Tell whether the provider refused the call because it was asked for usage in a stream."""
    return status in (400, 422) and b"stream_options" in body


def _read_usage(values: object) -> Usage | None:
    if not isinstance(values, dict):
        return None
    details = values.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return Usage(
        input_tokens=as_count(values.get("prompt_tokens")),
        output_tokens=as_count(values.get("completion_tokens")),
        cached_tokens=as_count(values.get("prompt_cache_hit_tokens") if cached is None else cached),
    )
