"""What the gateway asks of a family: how to put a question, and how to read a reply."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from agents.gateway.failures import SENTENCES, CallFailed
from agents.gateway.protocol import Failure, Upstream

_NAME = re.compile("[A-Za-z_]{1,30}")
# Where requests of all families keep the prompt, and where its parts keep their text.
_PROMPTS = ("messages", "system", "contents", "system_instruction", "systemInstruction")
_TEXTS = ("content", "text", "parts")

LENGTH = SENTENCES["reply_too_long"]
BadEnds = Mapping[str, tuple[Failure, str]]


class Family(ABC):
    """One protocol: where children call, what goes on to the provider, what comes back."""

    name: ClassVar[str]  # LiteLLM's own, too: it begins the child's names of models
    root: ClassVar[str]  # what children's addresses end with
    route: ClassVar[str]  # where the door is open, in aiohttp's words
    asks_usage: ClassVar[bool] = False  # usage in streams has to be asked for

    @abstractmethod
    def token(self, headers: Mapping[str, str]) -> str:
        """Return the token in a child's request, "" when there is none."""

    @abstractmethod
    def is_question(self, body: Mapping[str, Any]) -> bool:
        """Tell whether this is a request for a reply."""

    def is_stream(self, path: str, body: Mapping[str, Any]) -> bool:
        """Tell whether the reply is asked for in a stream."""
        return bool(body.get("stream"))

    @abstractmethod
    def url(self, upstream: Upstream, *, is_stream: bool) -> str:
        """Return where the question goes."""

    @abstractmethod
    def key_headers(self, key: str | None) -> dict[str, str]:
        """Return the headers that carry the key, and what the provider wants beside it."""

    def outgoing_body(
        self,
        request: Mapping[str, Any],
        model: str,
        *,
        asks_usage: bool,
    ) -> bytes:
        """Return the request for the provider, with its own name of the model."""
        return to_bytes(dict(request, model=model))

    @abstractmethod
    def new_reply(self) -> Reply:
        """Return a reply that nothing is known of yet."""

    def headers(self, upstream: Upstream, key: str | None, *, is_stream: bool) -> dict[str, str]:
        """Return the headers for the provider; nothing of the child's own headers goes on."""
        return {
            "Accept": "text/event-stream" if is_stream else "application/json",
            # Bytes are judged as they come: no compression in between.
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "parallagon",
            **upstream.headers,
            **self.key_headers(key),
        }


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens as the provider counts them; those read from and written to a cache are input too."""

    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None = None


@dataclass
class Reply(ABC):
    """What is known of a reply so far."""

    complete_ends: ClassVar[frozenset[str]]
    bad_ends: ClassVar[BadEnds]
    has_end_mark: ClassVar[bool] = True  # otherwise the end of the answer itself is the mark

    characters: int = 0  # of text, reasoning and tool calls: what output tokens are spent on
    usage: Usage | None = None
    is_done: bool = False  # the protocol's own end was seen
    has_tool_calls: bool = False
    refusal: str = ""
    _parts: list[str] = field(default_factory=list)
    _ends: dict[int, str | None] = field(default_factory=dict)

    @abstractmethod
    def take_event(self, data: bytes) -> None:
        """Take in one event of a stream.

        Raises CallFailed for an error or for what is no part of a reply.
        """

    @abstractmethod
    def take_body(self, values: dict[str, Any]) -> None:
        """Take in a reply that came in one piece. Raises CallFailed."""

    @property
    def text(self) -> str:
        """The reply's text, without reasoning and tool calls."""
        return "".join(self._parts)

    @property
    def finish_reason(self) -> str | None:
        """The reason given for the end; the worst one, should there be several choices."""
        ends = [end for end in self._ends.values() if end is not None]
        bad = next((end for end in ends if end not in self.complete_ends), None)
        return bad or (ends[0] if ends else None)

    @property
    def is_ending(self) -> bool:
        """Whether a finish reason or the end mark was seen: what comes now decides."""
        return self.is_done or self.finish_reason is not None

    @property
    def may_be_cut(self) -> bool:
        """Whether nothing but the missing end of the protocol is wrong with it so far."""
        return not self.is_done and self.finish_reason in (None, *self.complete_ends)

    def begin(self, index: int = 0) -> None:
        """Note that there is a reply, which has to end as well."""
        self._ends.setdefault(index, None)

    def end_for(self, reason: object, index: int = 0) -> None:
        """Note the reason given for the end; one that is no word is not shown as it is."""
        is_name = isinstance(reason, str) and _NAME.fullmatch(reason)
        self._ends[index] = str(reason) if is_name else "not a name"

    def add_text(self, text: str) -> None:
        """Take in a piece of the text."""
        if text:
            self._parts.append(text)
            self.characters += len(text)

    def add_tool_calls(self, calls: object) -> None:
        """Take in tool calls, or a piece of one."""
        if calls:
            self.has_tool_calls = True
            self.characters += len(calls) if isinstance(calls, str) else len(json.dumps(calls))

    def judge(self) -> None:
        """Raise CallFailed unless this is a whole reply with something in it."""
        if any(end is None for end in self._ends.values()) or not self._ends:
            raise CallFailed("cut_off" if self._ends else "empty", status=200)
        end = str(self.finish_reason)
        if end not in self.complete_ends:
            failure, sentence = self.bad_ends.get(
                end, ("cut_off", f"reply cut off: it ended for an unknown reason ({end})")
            )
            raise CallFailed(failure, sentence, status=200)
        if self.refusal:
            raise CallFailed("refused", "the model refused the request", status=200)
        if not self.has_tool_calls and not self.text.strip():
            raise CallFailed("empty", status=200)


def input_characters(request: Mapping[str, Any]) -> int:
    """Return the length of the prompt, for an estimate of its tokens; the same for all families."""
    characters = 0
    waiting: list[Any] = [request.get(name) for name in _PROMPTS]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [value.get(name) for name in _TEXTS]
    return characters


def has_objects(body: Mapping[str, Any], name: str) -> bool:
    """Tell whether a list of objects has this name in the body."""
    values = body.get(name)
    return isinstance(values, list) and all(isinstance(one, dict) for one in values)


def to_bytes(body: Mapping[str, Any]) -> bytes:
    """Return JSON as it is sent on: a lone surrogate of the child's must not stop it here."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in the data. Raises CallFailed."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CallFailed("malformed", status=200) from error
    return as_object(values)


def as_object(value: object) -> dict[str, Any]:
    """Return the value, which has to be an object. Raises CallFailed."""
    if not isinstance(value, dict):
        raise CallFailed("malformed", status=200)
    return value


def as_objects(value: object) -> list[dict[str, Any]]:
    """Return the value, which has to be a list of objects; nothing is an empty one.

    Raises CallFailed.
    """
    if not value:
        return []
    if not isinstance(value, list):
        raise CallFailed("malformed", status=200)
    return [as_object(one) for one in value]


def as_text(content: object) -> str:
    """Return the text in a piece of content: a string, or a list of parts with texts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in parts if isinstance(text, str))
    return ""


def as_count(value: object) -> int | None:
    """Return a number of tokens, `None` for what is none."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else None  # type: ignore[return-value]  # narrowed by is_count


def total(*counts: int | None) -> int | None:
    """Return the sum of the counts that are known, `None` where none is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
