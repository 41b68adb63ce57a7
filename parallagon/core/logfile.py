"""Where lines go: the console, and a file that several processes write and rotate together.

A log that cannot be written stops nobody, and what it says of that holds no secret either.
"""

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from concurrent_log_handler import ConcurrentRotatingFileHandler

from parallagon.core.scrubbing import scrub

if TYPE_CHECKING:
    _Handler = logging.Handler
    _Stream = logging.StreamHandler[TextIO]
else:
    _Handler = object
    _Stream = logging.StreamHandler


class Discreet(_Handler):
    """Says once a minute that lines get lost, and why; never what was in them."""

    complaint_seconds = 60.0
    _complained_at = float("-inf")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        now = time.monotonic()
        if now - self._complained_at < self.complaint_seconds:
            return
        self._complained_at = now
        sentence = f"a line of {record.name} was not logged: {sys.exc_info()[1]}"
        if sys.stderr is not None and self is not logging.lastResort:
            print(scrub(sentence), file=sys.stderr)  # noqa: T201 - there is no other place


class Console(Discreet, _Stream):
    """Standard error."""


class SharedFile(Discreet, ConcurrentRotatingFileHandler):
    """One file for all processes: each line whole, the file put aside when it is long enough.

    A lock beside it is held for each line. Whoever finds that the file was replaced, by another
    process or by a program such as logrotate, goes on in the new one.
    """

    def __init__(self, filename: str, *, longest: int, count: int) -> None:
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {"encoding": "utf-8", "unicode_error_policy": "replace"}
        super().__init__(filename, maxBytes=longest, backupCount=count, **options)
