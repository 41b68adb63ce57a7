"""Say what an upstream's answer offers to the relay, wherever it comes from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agents.gateway.protocol import Upstream


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request for a reply: the child's own body, and where it goes."""

    upstream: Upstream
    key: str | None
    body: Mapping[str, Any]
    is_stream: bool
    number: int = 1  # of the run's calls


class Answer(Protocol):
    """A reply that has begun (status 200)."""

    content_type: str

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the raw bytes. Raises CallFailed when they break off or stay away."""

    async def settle(self) -> None:
        """Let the connection be used again, after a whole reply."""

    def drop(self) -> None:
        """Close the connection at once."""


class Source(Protocol):
    """Something that answers questions."""

    async def ask(self, question: Question) -> Answer:
        """Return the reply that begins. Raises CallFailed."""
