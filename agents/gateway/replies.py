"""Keep the bytes of a run's replies as they came, and give them back.

One line of JSON a reply, beside the transcript. What was asked stands in the transcript.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

REPLIES_FILE = "replies.jsonl"
REPLIES_BYTES = 16 * 1024 * 1024  # of one run's replies, as they came

TOO_LONG = "the replies were too long to be kept"
SECRET = "a key stood in a reply, which was therefore not kept"  # noqa: S105 - no secret


class RepliesDamaged(Exception):  # noqa: N818 - says what happened
    """The file does not hold what was written to it; the text says where."""


class Tape:
    """The bytes of one reply while they come; past the limit it keeps none of them."""

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.size = 0
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        self.size += len(chunk)
        if self.size > REPLIES_BYTES:
            self._chunks.clear()
        else:
            self._chunks.append(chunk)

    @property
    def chunks(self) -> tuple[bytes, ...]:
        """What came, piece by piece."""
        return tuple(self._chunks)


@dataclass(frozen=True, kw_only=True)
class KeptReply:
    """A reply as it came; `left_out` says why there are no bytes of it."""

    call: int
    content_type: str
    chunks: tuple[bytes, ...] = ()
    left_out: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "call": self.call,
            "content_type": self.content_type,
            "chunks": [base64.b64encode(chunk).decode("ascii") for chunk in self.chunks],
            "left_out": self.left_out,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what `to_json` returned. Raises ValueError, LookupError or TypeError."""
        return cls(
            call=int(values["call"]),
            content_type=str(values["content_type"]),
            chunks=tuple(base64.b64decode(chunk, validate=True) for chunk in values["chunks"]),
            left_out=str(values["left_out"]),
        )


def read_replies(path: Path) -> dict[int, KeptReply]:
    """Return a run's replies by the number of their call. Raises RepliesDamaged, OSError."""
    replies: dict[int, KeptReply] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            reply = KeptReply.from_json(json.loads(line))
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise RepliesDamaged(f"line {number} of {path.name} is no reply") from error
        replies[reply.call] = reply
    return replies
