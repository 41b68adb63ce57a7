"""Answer with the offline writer, in the OpenAI protocol, at a settable pace."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from agents.gateway.answers import Question
from agents.gateway.failures import CallFailed
from agents.gateway.families.base import input_characters
from agents.gateway.meter import CHARACTERS_PER_TOKEN, estimate_tokens

logger = logging.getLogger(__name__)

WRITER = "agents.gateway.offline.writer"
# Without a pace, the whole reply goes out in a few large pieces.
LARGE_PIECE = 4096

WriteReply = Callable[[Sequence[Mapping[str, Any]]], str]


class OfflineAnswer:
    """A reply of the offline writer, written out at its pace."""

    def __init__(self, question: Question, text: str, *, pace: float) -> None:
        self.content_type = "text/event-stream" if question.is_stream else "application/json"
        self._is_stream = question.is_stream
        self._text = text
        self._pace = pace
        self._model = question.upstream.model
        prompt = estimate_tokens(input_characters(question.body))
        written = estimate_tokens(len(text))
        self._usage = {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the reply's bytes, each piece when its time has come."""
        if not self._is_stream:
            await asyncio.sleep(self._seconds(len(self._text)))
            yield self._body()
            return
        async for piece in self._pieces():
            yield self._event([{"index": 0, "delta": {"role": "assistant", "content": piece}}])
        end = {"index": 0, "delta": {}, "finish_reason": "stop"}
        yield self._event([end]) + self._event([], usage=self._usage) + b"data: [DONE]\n\n"

    async def settle(self) -> None:
        """Do nothing: there is no connection."""

    def drop(self) -> None:
        """Do nothing: there is no connection."""

    async def _pieces(self) -> AsyncGenerator[str, None]:
        size = CHARACTERS_PER_TOKEN if self._pace else LARGE_PIECE
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for start in range(0, len(self._text), size):
            if self._pace:
                # Counted from the beginning, so that short delays do not add up.
                due = begun + self._seconds(start + size)
                await asyncio.sleep(max(0.0, due - loop.time()))
            yield self._text[start : start + size]

    def _seconds(self, characters: int) -> float:
        return characters / CHARACTERS_PER_TOKEN / self._pace if self._pace else 0.0

    def _event(self, choices: list[dict[str, Any]], **more: object) -> bytes:
        values = self._frame("chat.completion.chunk") | {"choices": choices} | more
        return b"data: " + json.dumps(values).encode() + b"\n\n"

    def _body(self) -> bytes:
        message = {"role": "assistant", "content": self._text}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        values = self._frame("chat.completion") | {"choices": choices, "usage": self._usage}
        return json.dumps(values).encode()

    def _frame(self, kind: str) -> dict[str, Any]:
        # The same question gets the same bytes: no clock, no chance.
        return {"id": "chatcmpl-offline", "object": kind, "created": 0, "model": self._model}


class OfflineUpstream:
    """The writer that needs no network and no key."""

    def __init__(self, *, pace: float) -> None:
        self._pace = pace

    async def ask(self, question: Question) -> OfflineAnswer:
        """Let the writer write, in a thread. Raises CallFailed."""
        text = await asyncio.to_thread(_write, question)
        return OfflineAnswer(question, text, pace=self._pace)


def _write(question: Question) -> str:
    messages = question.body["messages"]
    try:
        # Imported late: the writer is big, and nobody with a real model pays for it.
        write_reply: WriteReply = importlib.import_module(WRITER).write_reply
        return write_reply(messages)
    except Exception as error:
        logger.exception("the offline writer failed")
        sentence = f"the offline writer failed ({type(error).__name__})"
        raise CallFailed("overloaded", sentence) from error


def read_pace(environment: Mapping[str, str]) -> float:
    """Return PARALLAGON_OFFLINE_PACE in tokens a second; 0, its default, is "at once".

    Raises ValueError with a sentence.
    """
    value = environment.get("PARALLAGON_OFFLINE_PACE", "").strip() or "0"
    try:
        pace = float(value)
    except ValueError:
        pace = -1.0
    if not 0 <= pace < float("inf"):
        raise ValueError(f"PARALLAGON_OFFLINE_PACE is {value!r}: set a number of tokens a second.")
    return pace
