"""What a run asked a model and what it was told, as the gateway kept it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from agents.gateway.families.base import as_text
from agents.gateway.protocol import TRANSCRIPT_BYTES, TRANSCRIPT_FILE
from parallagon.core.scrubbing import scrub

PAGE_BYTES: Final = 512 * 1024
"""Of the file on one page; a longer line is a page of its own."""
LONGEST: Final = 100_000
"""Characters of one entry on a page."""
MOST_MESSAGES: Final = 200

# Where the families' requests keep what was said before, and where a message keeps its text.
_SYSTEMS = ("system", "system_instruction", "systemInstruction")
_TURNS = ("messages", "contents")
_TEXTS = ("content", "parts", "text")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a request, or the one that a reply is."""

    role: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A request or a reply. ``is_cut``: the download has more; ``is_left_out``: nobody has."""

    call: int
    at: datetime
    kind: Literal["request", "reply"]
    messages: tuple[Message, ...]
    is_cut: bool
    is_left_out: bool
    finish_reason: str | None
    failure: str | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some entries in order, and where in the file those after them begin."""

    entries: tuple[Entry, ...]
    next: int
    has_more: bool


def read_page(directory: Path, after: int) -> Page:
    """Return what comes at or after this place in a run's transcript.

    A line that is being written is left for later, one that cannot be read is passed over.
    """
    try:
        file = (directory / TRANSCRIPT_FILE).open("rb")
    except FileNotFoundError:
        return Page(entries=(), next=0, has_more=False)
    entries: list[Entry] = []
    with file:
        at = start = min(after, file.seek(0, SEEK_END))
        for line, end in _lines(file, start):
            if entries and end - start > PAGE_BYTES:
                return Page(entries=tuple(entries), next=at, has_more=True)
            at = end
            if (entry := _read(line)) is not None:
                entries.append(entry)
    return Page(entries=tuple(entries), next=at, has_more=False)


def whole(directory: Path) -> Iterator[bytes]:
    """Yield the lines of a run's transcript as JSON, one at a time, without secrets."""
    try:
        file = (directory / TRANSCRIPT_FILE).open("rb")
    except FileNotFoundError:
        return
    with file:
        for line, _end in _lines(file, 0):
            try:
                values = json.dumps(_clean(json.loads(line)), ensure_ascii=False)
            except (ValueError, RecursionError):
                continue
            yield values.encode("utf-8", "backslashreplace") + b"\n"


def size_of(directory: Path) -> int:
    """Return how long the transcript is by now."""
    try:
        return (directory / TRANSCRIPT_FILE).stat().st_size
    except FileNotFoundError:
        return 0


def _lines(file: BinaryIO, start: int) -> Iterator[tuple[bytes, int]]:
    """Yield whole lines from a place on, each with where it ends."""
    file.seek(start)
    while (line := file.readline(2 * TRANSCRIPT_BYTES)).endswith(b"\n"):
        start += len(line)
        yield line, start


def _read(line: bytes) -> Entry | None:
    try:
        values = json.loads(line)
        kind: Literal["request", "reply"] = "request" if "request" in values else "reply"
        said = _said(values.get("request")) if kind == "request" else _told(values.get("reply"))
        messages, is_cut = _bounded(said)
        return Entry(
            call=int(values["call"]),
            at=datetime.fromtimestamp(values["at"], UTC),
            kind=kind,
            messages=messages,
            is_cut=is_cut,
            is_left_out=bool(values.get("is_left_out")),
            finish_reason=values.get("finish_reason"),
            failure=values.get("failure"),
            detail=scrub(values.get("detail") or ""),
        )
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return None


def _said(request: object) -> Iterator[Message]:
    """Yield the messages of a request, whatever the family."""
    if not isinstance(request, Mapping):
        return
    for name in _SYSTEMS:
        if text := _text(request.get(name)):
            yield Message(role="system", text=text)
    for name in _TURNS:
        turns = request.get(name)
        for turn in turns if isinstance(turns, list) else ():
            if isinstance(turn, Mapping):
                yield Message(role=str(turn.get("role") or "user"), text=_text(turn))


def _told(reply: object) -> Iterator[Message]:
    if isinstance(reply, str):
        yield Message(role="assistant", text=reply)


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = next((value[name] for name in _TEXTS if value.get(name)), None)
    return as_text(value)


def _bounded(messages: Iterator[Message]) -> tuple[tuple[Message, ...], bool]:
    """Return as many messages as one entry may show, and whether something is missing."""
    shown: list[Message] = []
    left = LONGEST
    for message in messages:
        # Cleaned before it is cut: half a key would not be known for one.
        text = scrub(message.text)
        if len(shown) == MOST_MESSAGES or not left:
            return tuple(shown), True
        shown.append(Message(role=scrub(message.role)[:40], text=text[:left]))
        if len(text) > left:
            return tuple(shown), True
        left -= len(text)
    return tuple(shown), False


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {scrub(name): _clean(one) for name, one in value.items()}
    return value
