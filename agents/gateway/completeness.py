"""Judge from the raw bytes alone whether a model's reply is complete.

What sits behind the gateway cannot tell: LiteLLM invents a finish reason for a reply that was cut,
and Aider writes the half of a file and exits 0.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from agents.gateway.failures import CallFailed
from agents.gateway.openai import failure_of_event
from agents.gateway.protocol import Failure
from agents.gateway.sse import EventParser, EventTooLong

_NAME = re.compile("[A-Za-z_]{1,30}")
COMPLETE = frozenset({"stop", "tool_calls"})

_BAD_ENDS: dict[str, tuple[Failure, str]] = {
    "length": ("cut_off", "reply cut off: the model reached its length limit"),
    "model_length": ("cut_off", "reply cut off: the model reached its length limit"),
    "max_tokens": ("cut_off", "reply cut off: the model reached its length limit"),
    "content_filter": ("filtered", ""),
    "safety": ("filtered", ""),
    "error": ("overloaded", ""),
    "insufficient_system_resource": ("overloaded", ""),
}


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counts them."""

    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None


@dataclass
class Reply:
    """What is known of a reply so far."""

    characters: int = 0  # of text, reasoning and tool calls: what output tokens are spent on
    usage: Usage | None = None
    is_done: bool = False  # the protocol's own end was seen
    has_tool_calls: bool = False
    refusal: str = ""
    _parts: list[str] = field(default_factory=list)
    _ends: dict[int, str | None] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The reply's text, without reasoning and tool calls."""
        return "".join(self._parts)

    @property
    def finish_reason(self) -> str | None:
        """The reason given for the end; the worst one, should there be several choices."""
        ends = [end for end in self._ends.values() if end is not None]
        return next((end for end in ends if end not in COMPLETE), ends[0] if ends else None)

    def take(self, values: dict[str, Any], part: str) -> None:
        """Take in one object; `part` names what its choices carry: "delta" or "message".

        Raises CallFailed for an error or for an object that is no reply.
        """
        if values.get("error"):
            raise failure_of_event(values["error"])
        self.usage = _read_usage(values.get("usage")) or self.usage
        choices = values.get("choices") or []
        if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
            raise CallFailed("malformed", status=200)
        for choice in choices:
            self._take_choice(choice, part)

    def _take_choice(self, choice: dict[str, Any], part: str) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        end = choice.get("finish_reason")
        self._ends[index] = _name_of(end) if end else self._ends.get(index)
        message = choice.get(part)
        if not isinstance(message, dict):
            return
        if text := _text_of(message.get("content")):
            self._parts.append(text)
        self.refusal += _text_of(message.get("refusal"))
        calls = message.get("tool_calls")
        self.has_tool_calls = self.has_tool_calls or bool(calls)
        thought = _text_of(message.get("reasoning_content")) or _text_of(message.get("reasoning"))
        self.characters += len(text) + len(thought) + (len(json.dumps(calls)) if calls else 0)

    def judge(self) -> None:
        """Raise CallFailed unless this is a whole reply with something in it."""
        if any(end is None for end in self._ends.values()) or not self._ends:
            raise CallFailed("cut_off" if self._ends else "empty", status=200)
        end = str(self.finish_reason)
        if end not in COMPLETE:
            failure, sentence = _BAD_ENDS.get(
                end, ("cut_off", f"reply cut off: it ended for an unknown reason ({end})")
            )
            raise CallFailed(failure, sentence, status=200)
        if self.refusal:
            raise CallFailed("refused", "the model refused the request", status=200)
        if not self.has_tool_calls and not self.text.strip():
            raise CallFailed("empty", status=200)


class StreamJudge:
    """Follows a streamed reply piece by piece."""

    def __init__(self) -> None:
        self.reply = Reply()
        self._parser = EventParser()
        self._has_bytes = False
        self.has_begun = False  # an event was seen

    @property
    def is_ending(self) -> bool:
        """Whether a finish reason or the end mark was seen: what comes now decides."""
        return self.reply.is_done or self.reply.finish_reason is not None

    def feed(self, chunk: bytes) -> None:
        """Take in the next bytes. Raises CallFailed as soon as they cannot be part of a reply."""
        self._has_bytes = self._has_bytes or bool(chunk.strip())
        try:
            events = self._parser.feed(chunk)
        except EventTooLong as error:
            raise CallFailed("malformed", status=200) from error
        self._take(events)

    def end(self) -> None:
        """Judge the whole, when the end mark was seen or no bytes are left. Raises CallFailed."""
        try:
            self._take(self._parser.end())
        except CallFailed as error:
            # Half an event is what a cut leaves; a whole one that is nonsense failed before.
            raise CallFailed("cut_off", status=200) from error
        if not self.has_begun:
            raise CallFailed("malformed" if self._has_bytes else "empty", status=200)
        if not self.reply.is_done and self.reply.finish_reason in (None, *COMPLETE):
            raise CallFailed("cut_off", status=200)
        self.reply.judge()

    def _take(self, events: list[bytes]) -> None:
        for event in events:
            if self.reply.is_done:
                return
            self.has_begun = True
            if event.strip() == b"[DONE]":
                self.reply.is_done = True
            else:
                self.reply.take(_read_object(event), "delta")


def read_body(body: bytes) -> Reply:
    """Return the reply that came in one piece, not judged yet.

    Raises CallFailed when it is none.
    """
    if not body.strip():
        raise CallFailed("empty", status=200)
    values = _read_object(body)
    if "choices" not in values and not values.get("error"):
        raise CallFailed("malformed", status=200)
    reply = Reply(is_done=True)
    reply.take(values, "message")
    return reply


def _read_object(data: bytes) -> dict[str, Any]:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CallFailed("malformed", status=200) from error
    if not isinstance(values, dict):
        raise CallFailed("malformed", status=200)
    return values


def _read_usage(values: object) -> Usage | None:
    if not isinstance(values, dict):
        return None
    details = values.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return Usage(
        input_tokens=_count(values.get("prompt_tokens")),
        output_tokens=_count(values.get("completion_tokens")),
        cached_tokens=_count(values.get("prompt_cache_hit_tokens") if cached is None else cached),
    )


def _name_of(end: object) -> str:
    """Return a finish reason that may be shown: a provider can write anything there."""
    return end if isinstance(end, str) and _NAME.fullmatch(end) else "not a name"


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else None  # type: ignore[return-value]  # narrowed by is_count


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in parts if isinstance(text, str))
    return ""
