"""The Anthropic protocol: messages, streamed as named events from `message_start` to the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from agents.gateway.failures import CallFailed
from agents.gateway.families.base import (
    LENGTH,
    BadEnds,
    Family,
    Reply,
    Usage,
    as_count,
    as_object,
    as_objects,
    as_text,
    has_objects,
    read_object,
    total,
)
from agents.gateway.families.errors import failure_of_event
from agents.gateway.protocol import Upstream

VERSION = "2023-06-01"


@dataclass
class AnthropicReply(Reply):
    """A message. Its stream ends with `message_stop`, after a `message_delta` that says why."""

    complete_ends: ClassVar = frozenset({"end_turn", "stop_sequence", "tool_use"})
    bad_ends: ClassVar[BadEnds] = {
        "max_tokens": ("reply_too_long", LENGTH),
        "model_context_window_exceeded": ("reply_too_long", LENGTH),
        "refusal": ("filtered", ""),
    }

    _counts: dict[str, int] = field(default_factory=dict)

    def take_event(self, data: bytes) -> None:
        """Take in one event; kinds that are not known are passed over. Raises CallFailed."""
        values = read_object(data)
        match values.get("type"):
            case "error":
                raise failure_of_event(values.get("error"))
            case "message_start":
                self.begin()
                # Its count of output is that of the first piece, and would pass for all of them.
                self._count(as_object(values.get("message")).get("usage"), but="output_tokens")
            case "content_block_start" | "content_block_delta":
                self._take_block(as_object(values.get("content_block", values.get("delta"))))
            case "message_delta":
                self._end(as_object(values.get("delta")), values.get("usage"))
            case "message_stop":
                self.is_done = True
            case kind if not isinstance(kind, str):
                raise CallFailed("malformed", status=200)

    def take_body(self, values: dict[str, Any]) -> None:
        """Take in a whole message. Raises CallFailed."""
        if values.get("error"):
            raise failure_of_event(values["error"])
        if values.get("type") != "message":
            raise CallFailed("malformed", status=200)
        self.begin()
        for block in as_objects(values.get("content")):
            self._take_block(block)
        self._end(values, values.get("usage"))

    def _end(self, values: dict[str, Any], usage: object) -> None:
        """Take in why the message ends, and what it used."""
        self._count(usage)
        if reason := values.get("stop_reason"):
            self.end_for(reason)

    def _take_block(self, block: dict[str, Any]) -> None:
        """Take in a block of content, or a piece of one: both name their text alike."""
        kind = block.get("type")
        if kind in ("text", "text_delta"):
            self.add_text(as_text(block.get("text")))
        elif kind == "tool_use":
            self.add_tool_calls([block.get("name"), block.get("input")])
        elif kind == "input_json_delta":
            self.add_tool_calls(as_text(block.get("partial_json")))
        elif kind in ("thinking", "thinking_delta"):
            self.characters += len(as_text(block.get("thinking")))

    def _count(self, usage: object, but: str = "") -> None:
        """Take in usage, which is told in parts; later counts replace earlier ones."""
        if not isinstance(usage, dict):
            return
        for name, value in usage.items():
            count = as_count(value)
            if count is not None and name != but:
                self._counts[name] = count
        counts = self._counts
        read, written = (
            counts.get("cache_read_input_tokens"),
            counts.get("cache_creation_input_tokens"),
        )
        self.usage = Usage(
            # Told without what a cache read or wrote, which is a part of the prompt all the same.
            input_tokens=total(counts.get("input_tokens"), read, written),
            output_tokens=counts.get("output_tokens"),
            cached_tokens=read,
            cache_write_tokens=written,
        )


class Anthropic(Family):
    """Messages."""

    name: ClassVar = "anthropic"
    root: ClassVar = ""
    route: ClassVar = "/v1/messages"

    def token(self, headers: Mapping[str, str]) -> str:
        """Return the token, which takes the key's place."""
        return headers.get("x-api-key", "").strip()

    def is_question(self, body: Mapping[str, Any]) -> bool:
        """Tell whether it has messages."""
        return has_objects(body, "messages")

    def url(self, upstream: Upstream, *, is_stream: bool) -> str:
        """Return the one address for all questions."""
        return upstream.base_url.rstrip("/") + "/messages"

    def key_headers(self, key: str | None) -> dict[str, str]:
        """Return the key and the version of the protocol, which has to be named."""
        version = {"anthropic-version": VERSION}
        return version if key is None else {**version, "x-api-key": key}

    def new_reply(self) -> Reply:
        """Return an empty message."""
        return AnthropicReply()
