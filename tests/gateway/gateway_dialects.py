"""Each family's protocol as a provider writes it and as a child calls, for tests over all of them.

Written down from the providers' own descriptions, apart from the code under test.
"""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import httpx

from tests.gateway.gateway_provider import Outcome, ScriptedProvider, Step, chunk, head

PROMPT = "Say hello"


def event(values: object, name: str = "") -> bytes:
    """Return a server-sent event."""
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {json.dumps(values)}\n\n".encode()


class Dialect(ABC):
    """How a provider of one family writes: replies, ends, errors."""

    kind: ClassVar[Literal["openai", "anthropic", "gemini"]]
    version: ClassVar[str]  # what its address ends with
    child_root: ClassVar[str]
    key_variable: ClassVar[str]
    key_header: ClassVar[str]
    good: ClassVar[str]
    length: ClassVar[str]
    filtered: ClassVar[str]
    # Input 100, 30 of them read from a cache; output 5.
    expected_usage: ClassVar[tuple[int, int, int, int | None]]

    @property
    @abstractmethod
    def begin(self) -> bytes:
        """What a stream begins with."""

    @abstractmethod
    def delta(self, text: str) -> bytes:
        """A piece of a reply."""

    @abstractmethod
    def finish(self, reason: str) -> bytes:
        """The end of a reply, with usage, without the protocol's end mark."""

    end: ClassVar[bytes] = b""

    @abstractmethod
    def whole(self, text: str, reason: str) -> dict[str, Any]:
        """A reply in one piece."""

    @abstractmethod
    def error(self, status: int, message: str = "no") -> dict[str, Any]:
        """The body of an error."""

    @abstractmethod
    def question(self, *, is_stream: bool) -> tuple[str, dict[str, Any]]:
        """A child's path below its address, and its body."""

    def overloaded(self) -> bytes:
        """An error in the middle of a stream."""
        return event(self.error(503, "worker lost"))

    def address(self, provider: ScriptedProvider) -> str:
        """Return the provider's address in this family."""
        return provider.base_url.removesuffix("/v1") + self.version

    def bytes_of(self, text: str, reason: str | None = None) -> bytes:
        """Return a whole stream, a word an event."""
        words = b"".join(self.delta(word + " ") for word in text.split())
        return self.begin + words + self.finish(reason or self.good) + self.end

    def steps(self, text: str) -> list[Step]:
        """Return the script of a whole stream."""
        return [head(), chunk(self.bytes_of(text)), b"0\r\n\r\n"]

    def token_header(self, token: str) -> dict[str, str]:
        """Return the header that carries a key or a token."""
        prefix = "Bearer " if self.key_header == "authorization" else ""
        return {self.key_header: prefix + token}

    @abstractmethod
    def text_of(self, values: dict[str, Any]) -> str:
        """Return the text in one event."""


class OpenAIDialect(Dialect):
    kind = "openai"
    version = child_root = "/v1"
    key_variable = "OPENAI_API_KEY"
    key_header = "authorization"
    good, length, filtered = "stop", "length", "content_filter"
    expected_usage = (100, 5, 30, None)
    usage: ClassVar = {
        "prompt_tokens": 100,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 30},
    }
    begin = b""
    end = b"data: [DONE]\n\n"

    def delta(self, text: str) -> bytes:
        return event({"choices": [{"index": 0, "delta": {"content": text}}]})

    def finish(self, reason: str) -> bytes:
        choice = {"index": 0, "delta": {}, "finish_reason": reason}
        return event({"choices": [choice]}) + event({"choices": [], "usage": self.usage})

    def whole(self, text: str, reason: str) -> dict[str, Any]:
        choice = {"index": 0, "message": {"content": text}, "finish_reason": reason}
        return {"choices": [choice], "usage": self.usage}

    def error(self, status: int, message: str = "no") -> dict[str, Any]:
        return {"error": {"message": message, "type": "error", "code": status}}

    def question(self, *, is_stream: bool) -> tuple[str, dict[str, Any]]:
        messages = [{"role": "user", "content": PROMPT}]
        return "/chat/completions", {"model": "m", "messages": messages, "stream": is_stream}

    def text_of(self, values: dict[str, Any]) -> str:
        return "".join(choice["delta"].get("content", "") for choice in values["choices"])


class AnthropicDialect(Dialect):
    kind = "anthropic"
    version = "/v1"
    child_root = ""
    key_variable = "ANTHROPIC_API_KEY"
    key_header = "x-api-key"
    good, length, filtered = "end_turn", "max_tokens", "refusal"
    expected_usage = (100, 5, 30, 20)
    given: ClassVar = {
        "input_tokens": 50,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": 20,
    }
    end = event({"type": "message_stop"}, "message_stop")

    @property
    def begin(self) -> bytes:
        message = {"type": "message", "content": [], "usage": {**self.given, "output_tokens": 1}}
        block = {"index": 0, "content_block": {"type": "text", "text": ""}}
        return (
            event({"type": "message_start", "message": message}, "message_start")
            + event({"type": "content_block_start", **block}, "content_block_start")
            + event({"type": "ping"}, "ping")
        )

    def delta(self, text: str) -> bytes:
        values = {"index": 0, "delta": {"type": "text_delta", "text": text}}
        return event({"type": "content_block_delta", **values}, "content_block_delta")

    def finish(self, reason: str) -> bytes:
        values = {"delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}
        return event({"type": "content_block_stop", "index": 0}, "content_block_stop") + event(
            {"type": "message_delta", **values}, "message_delta"
        )

    def whole(self, text: str, reason: str) -> dict[str, Any]:
        usage = {**self.given, "output_tokens": 5}
        content = [{"type": "text", "text": text}]
        message = {"id": "m", "type": "message", "role": "assistant", "model": "m"}
        return {**message, "content": content, "stop_reason": reason, "usage": usage}

    def error(self, status: int, message: str = "no") -> dict[str, Any]:
        kinds = {429: "rate_limit_error", 503: "overloaded_error", 529: "overloaded_error"}
        kind = kinds.get(status, "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": message}}

    def overloaded(self) -> bytes:
        return event(self.error(503, "worker lost"), "error")

    def question(self, *, is_stream: bool) -> tuple[str, dict[str, Any]]:
        messages = [{"role": "user", "content": [{"type": "text", "text": PROMPT}]}]
        body = {"model": "m", "max_tokens": 10, "messages": messages}
        return "/v1/messages", body | ({"stream": True} if is_stream else {})

    def text_of(self, values: dict[str, Any]) -> str:
        return str(values.get("delta", {}).get("text", ""))


class GeminiDialect(Dialect):
    kind = "gemini"
    version = child_root = "/v1beta"
    key_variable = "GEMINI_API_KEY"
    key_header = "x-goog-api-key"
    good, length, filtered = "STOP", "MAX_TOKENS", "SAFETY"
    expected_usage = (100, 5, 30, None)
    usage: ClassVar = {
        "promptTokenCount": 100,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 2,
        "cachedContentTokenCount": 30,
    }
    begin = b""

    def _reply(self, text: str, **ending: object) -> dict[str, Any]:
        content = {"role": "model", "parts": [{"text": text}]}
        return {"candidates": [{"index": 0, "content": content, **ending}]}

    def delta(self, text: str) -> bytes:
        return event({**self._reply(text), "usageMetadata": {"promptTokenCount": 100}})

    def finish(self, reason: str) -> bytes:
        return event({**self._reply("", finishReason=reason), "usageMetadata": self.usage})

    def whole(self, text: str, reason: str) -> dict[str, Any]:
        return {**self._reply(text, finishReason=reason), "usageMetadata": self.usage}

    def error(self, status: int, message: str = "no") -> dict[str, Any]:
        names = {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 400: "INVALID_ARGUMENT"}
        return {"error": {"code": status, "message": message, "status": names.get(status, "?")}}

    def question(self, *, is_stream: bool) -> tuple[str, dict[str, Any]]:
        verb = "streamGenerateContent?alt=sse" if is_stream else "generateContent"
        contents = [{"role": "user", "parts": [{"text": PROMPT}]}]
        return f"/models/m:{verb}", {"contents": contents}

    def text_of(self, values: dict[str, Any]) -> str:
        (candidate,) = values["candidates"]
        return "".join(part["text"] for part in candidate["content"]["parts"])


DIALECTS: tuple[Dialect, ...] = (OpenAIDialect(), AnthropicDialect(), GeminiDialect())


@dataclass(frozen=True)
class DialectChild:
    """Calls the gateway as LiteLLM does for models of this family."""

    dialect: Dialect
    address: str
    token: str

    def call(
        self, *, is_stream: bool = True, on_piece: Callable[[], None] = lambda: None
    ) -> Outcome:
        """Call, read to the end, and return what was seen."""
        path, body = self.dialect.question(is_stream=is_stream)
        with (
            httpx.Client(timeout=30, trust_env=False, verify=False) as client,  # noqa: S501 - loopback, no TLS
            client.stream(
                "POST",
                self.address + path,
                json=body,
                headers=self.dialect.token_header(self.token),
            ) as response,
        ):
            outcome = Outcome(response.status_code)
            try:
                for piece in response.iter_raw():
                    outcome.pieces.append(piece)
                    on_piece()
            except (httpx.RemoteProtocolError, httpx.ReadError):
                outcome.is_broken_off = True
            outcome.body = b"".join(outcome.pieces)
            return outcome

    def text_of(self, outcome: Outcome) -> str:
        """Return the text that arrived."""
        texts = []
        for line in outcome.body.split(b"\n"):
            with contextlib.suppress(ValueError):
                texts.append(self.dialect.text_of(json.loads(line.removeprefix(b"data: "))))
        return "".join(texts)
