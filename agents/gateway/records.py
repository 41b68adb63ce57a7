"""Write what a run leaves behind.

`calls.jsonl` is what is charged, `transcript.jsonl` what was said, `replies.jsonl` the replies byte
for byte. They are private to the account that runs the worker, and no key stands in any.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.gateway.keys import Scrubber
from agents.gateway.protocol import CALLS_FILE, TRANSCRIPT_BYTES, TRANSCRIPT_FILE, CallRecord
from agents.gateway.replies import (
    REPLIES_BYTES,
    REPLIES_FILE,
    SECRET,
    TOO_LONG,
    KeptReply,
    Tape,
)

logger = logging.getLogger(__name__)

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_SAID = frozenset({"request", "reply"})


class RunFiles:
    """The files of one run. Appends whole lines; safe from several threads."""

    def __init__(self, directory: Path, scrubber: Scrubber) -> None:
        """Open the files, creating the folder. Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        self._scrubber = scrubber
        self._calls = os.open(directory / CALLS_FILE, _FLAGS, 0o600)
        self._transcript = os.open(directory / TRANSCRIPT_FILE, _FLAGS, 0o600)
        self._replies = os.open(directory / REPLIES_FILE, _FLAGS, 0o600)
        self._noted: dict[int, CallRecord] = {}
        self._taped = 0
        self._folder: int | None = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def note(self, record: CallRecord) -> None:
        """Append what is new in the record since the last time; it survives this process.

        Some dozen bytes and microseconds, so that every piece of a reply can afford it.
        """
        known = self._noted.get(record.number)
        self._write(self._calls, self._line(record.since(known)))
        self._noted[record.number] = record

    def keep(self, record: CallRecord) -> None:
        """Append the whole record and wait until it survives the machine."""
        self._write(self._calls, self._line(record.to_json()))
        self.sync()

    def sync(self) -> None:
        """Wait until what is written of the calls survives the machine."""
        os.fsync(self._calls)
        if self._folder is not None:
            # Once, so that the file's name survives as well as what is in it.
            folder, self._folder = self._folder, None
            os.fsync(folder)
            os.close(folder)

    def tell(self, entry: Mapping[str, Any]) -> None:
        """Append an entry to the transcript; once that is full, without what was said in it."""
        data = self._line(entry)
        if os.fstat(self._transcript).st_size + len(data) > TRANSCRIPT_BYTES:
            silent = dict.fromkeys(_SAID & entry.keys())
            data = self._line({**entry, **silent, "is_left_out": True})
        self._write(self._transcript, data)

    def replay(self, call: int, tape: Tape, text: str) -> None:
        """Append a whole reply as it came, or why it is not kept; never fails the call."""
        self._taped += tape.size
        left_out = TOO_LONG if self._taped > REPLIES_BYTES else ""
        if self._holds_key(tape, text):
            left_out = SECRET
        reply = KeptReply(
            call=call,
            content_type=tape.content_type,
            chunks=() if left_out else tape.chunks,
            left_out=left_out,
        )
        try:
            self._write(self._replies, json.dumps(reply.to_json()).encode() + b"\n")
        except OSError as error:
            # The run is worth more than its repetition, which will find the file damaged.
            logger.warning("a reply could not be kept: %s", error)

    def _holds_key(self, tape: Tape, text: str) -> bool:
        """Tell whether a key stands in the bytes, or in the text that their events spell."""
        for said in (b"".join(tape.chunks).decode("utf-8", "replace"), text):
            if self._scrubber.clean(said) != said:
                return True
        return False

    def close(self) -> None:
        """Close the files."""
        descriptors = (self._calls, self._transcript, self._replies, self._folder)
        # Marked first: a late write must fail, not reach whatever file gets the number next.
        self._calls = self._transcript = self._replies = -1
        self._folder = None
        for descriptor in descriptors:
            if descriptor is not None:
                os.close(descriptor)

    def _line(self, values: Mapping[str, Any]) -> bytes:
        line = self._scrubber.clean(json.dumps(values, ensure_ascii=False)) + "\n"
        return line.encode("utf-8", "backslashreplace")

    def _write(self, descriptor: int, data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]
