"""The Gemini protocol: the model and the way of answering stand in the address, not in the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from agents.gateway.failures import CallFailed, with_detail
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
    total,
)
from agents.gateway.families.errors import failure_of_event
from agents.gateway.protocol import Upstream

STREAM_VERB = "streamGenerateContent"
WHOLE_VERB = "generateContent"
_KNOWN = {"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"}


class GeminiReply(Reply):
    """Candidates. A stream has no end mark: it is whole when its last piece says why it ended.

    The end of the HTTP answer itself, which a cut connection does not reach, is the other half of
    that: what arrives here has passed it.
    """

    has_end_mark: ClassVar = False
    complete_ends: ClassVar = frozenset({"STOP"})
    bad_ends: ClassVar[BadEnds] = {
        "MAX_TOKENS": ("reply_too_long", LENGTH),
        **dict.fromkeys(
            (
                *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
                *("LANGUAGE", "IMAGE_SAFETY"),
            ),
            ("filtered", ""),
        ),
    }

    def take_event(self, data: bytes) -> None:
        """Take in a piece of the reply. Raises CallFailed."""
        self._take(read_object(data))

    def take_body(self, values: dict[str, Any]) -> None:
        """Take in a whole reply. Raises CallFailed."""
        self._take(values)

    def _take(self, values: dict[str, Any]) -> None:
        if values.get("error"):
            raise failure_of_event(values["error"])
        if not values.keys() & _KNOWN:
            raise CallFailed("malformed", status=200)
        for candidate in as_objects(values.get("candidates")):
            self._take_candidate(candidate)
        # Counts before the end are those of a moment: what has arrived is then the better measure.
        self.usage = _read_usage(values.get("usageMetadata"), self.finish_reason) or self.usage
        feedback = values.get("promptFeedback")
        if isinstance(feedback, dict) and (reason := feedback.get("blockReason")):
            raise CallFailed("filtered", with_detail("filtered", str(reason)), status=200)

    def _take_candidate(self, candidate: dict[str, Any]) -> None:
        index = candidate.get("index")
        index = index if isinstance(index, int) else 0
        self.begin(index)
        if reason := candidate.get("finishReason"):
            self.end_for(reason, index)
        content = candidate.get("content")
        for part in as_objects(content.get("parts")) if isinstance(content, dict) else ():
            text = as_text(part.get("text"))
            if part.get("thought"):
                self.characters += len(text)
            else:
                self.add_text(text)
            self.add_tool_calls(part.get("functionCall"))


class Gemini(Family):
    """Generated content."""

    name: ClassVar = "gemini"
    root: ClassVar = "/v1beta"
    route: ClassVar = f"/v1beta/models/{{model:.+}}:{{verb:{STREAM_VERB}|{WHOLE_VERB}}}"

    def token(self, headers: Mapping[str, str]) -> str:
        """Return the token, which takes the key's place."""
        return headers.get("x-goog-api-key", "").strip()

    def is_question(self, body: Mapping[str, Any]) -> bool:
        """Tell whether it has contents."""
        return has_objects(body, "contents")

    def is_stream(self, path: str, body: Mapping[str, Any]) -> bool:
        """Tell whether the path asks for a stream."""
        return path.endswith(f":{STREAM_VERB}")

    def url(self, upstream: Upstream, *, is_stream: bool) -> str:
        """Return the address of the model, and of the way it is to answer."""
        verb = f"{STREAM_VERB}?alt=sse" if is_stream else WHOLE_VERB
        return f"{upstream.base_url.rstrip('/')}/models/{quote(upstream.model, safe='')}:{verb}"

    def key_headers(self, key: str | None) -> dict[str, str]:
        """Return the key in a header: in the address, every log on the way would hold it."""
        return {} if key is None else {"x-goog-api-key": key}

    def outgoing_body(
        self,
        request: Mapping[str, Any],
        model: str,
        *,
        asks_usage: bool,
    ) -> bytes:
        """Return the request as it is."""
        return to_bytes(request)

    def new_reply(self) -> Reply:
        """Return a reply without candidates."""
        return GeminiReply()


def _read_usage(values: object, finish_reason: str | None) -> Usage | None:
    if not isinstance(values, dict):
        return None

    def count(name: str) -> int | None:
        return as_count(values.get(name))

    written = total(count("candidatesTokenCount"), count("thoughtsTokenCount"))
    return Usage(
        input_tokens=total(count("promptTokenCount"), count("toolUsePromptTokenCount")),
        output_tokens=written if finish_reason is not None else None,
        cached_tokens=count("cachedContentTokenCount"),
    )
