"""Answer with the bytes that a provider once sent: no network, no key, no chance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from agents.gateway.answers import Question
from agents.gateway.failures import CallFailed
from agents.gateway.replies import KeptReply, RepliesDamaged, read_replies


class ReplayAnswer:
    """A reply that comes once more, in the same pieces."""

    def __init__(self, reply: KeptReply) -> None:
        self.content_type = reply.content_type
        self._reply = reply

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they were cut then."""
        for chunk in self._reply.chunks:
            yield chunk

    async def settle(self) -> None:
        """Do nothing: there is no connection."""

    def drop(self) -> None:
        """Do nothing: there is no connection."""


class ReplayUpstream:
    """Gives call *n* the reply that call *n* had; the upstream's address is the file of replies."""

    async def ask(self, question: Question) -> ReplayAnswer:
        """Return the reply of that number. Raises CallFailed where none was kept."""
        path = Path(question.upstream.base_url)
        try:
            replies = await asyncio.to_thread(read_replies, path)
        except (OSError, RepliesDamaged) as error:
            raise CallFailed("refused", "the kept replies cannot be read") from error
        reply = replies.get(question.number)
        if reply is None:
            sentence = f"call {question.number} is one more than the run made"
            raise CallFailed("refused", sentence)
        if reply.left_out:
            raise CallFailed("refused", reply.left_out)
        return ReplayAnswer(reply)
