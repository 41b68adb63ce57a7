"""Judge from the raw bytes alone whether a model's reply is complete.

What sits behind the gateway cannot tell: LiteLLM invents a finish reason for a reply that was cut,
and Aider writes the half of a file and exits 0.
"""

from __future__ import annotations

from agents.gateway.failures import CallFailed
from agents.gateway.families.base import Reply, read_object
from agents.gateway.sse import EventParser, EventTooLong


class StreamJudge:
    """Follows a streamed reply piece by piece; `reply` is an empty one of its family."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self._parser = EventParser()
        self._has_bytes = False
        self.has_begun = False  # an event was seen

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
            if error.failure != "malformed":
                raise
            # Half an event is what a cut leaves; a whole one that is nonsense failed before.
            raise CallFailed("cut_off", status=200) from error
        if not self.has_begun:
            raise CallFailed("malformed" if self._has_bytes else "empty", status=200)
        if not self.reply.has_end_mark:
            self.reply.is_done = self.reply.finish_reason is not None
        if self.reply.may_be_cut:
            raise CallFailed("cut_off", status=200)
        self.reply.judge()

    def _take(self, events: list[bytes]) -> None:
        for event in events:
            if self.reply.is_done:
                return
            self.has_begun = True
            self.reply.take_event(event)


def read_body(body: bytes, reply: Reply) -> Reply:
    """Return the reply that came in one piece, not judged yet.

    Raises CallFailed when it is none.
    """
    if not body.strip():
        raise CallFailed("empty", status=200)
    reply.is_done = True
    reply.take_body(read_object(body))
    return reply
