"""Parse server-sent events from bytes that arrive in any pieces."""

from __future__ import annotations

# One event of a model's reply is a few hundred bytes; a tool call may be some thousand.
LONGEST_EVENT = 4 * 1024 * 1024


class EventTooLong(ValueError):  # noqa: N818 - says what happened
    """An event has more bytes than any reply needs."""


class EventParser:
    """Turns bytes into the data of events.

    Follows the rules of the HTML standard: lines end with CR, LF or CRLF, several data lines are
    one event, comments and other fields are passed over.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_return = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that this piece completes.

        Raises EventTooLong.
        """
        if self._after_return and chunk:
            # The LF of a CRLF that was cut in two would read as one more empty line.
            self._after_return = False
            chunk = chunk.removeprefix(b"\n")
        self._line += chunk
        events: list[bytes] = []
        if b"\n" in chunk or b"\r" in chunk:
            lines = bytes(self._line).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            self._after_return = chunk.endswith(b"\r")
            self._line = bytearray(lines.pop())
            for line in lines:
                events += self._take(line)
        if len(self._line) + self._size > LONGEST_EVENT:
            raise EventTooLong
        return events

    def end(self) -> list[bytes]:
        """Return what the end of the stream completes: some servers leave out the last newlines."""
        events = self._take(bytes(self._line)) if self._line else []
        self._line.clear()
        return events + self._take(b"")

    def _take(self, line: bytes) -> list[bytes]:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return [b"\n".join(data)] if data else []
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
        return []
