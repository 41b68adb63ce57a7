"""One format for every line, with the ids of what it is about, and no secret in it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from parallagon.core.scrubbing import scrub, scrubbed

Id = object | Callable[[], object]

_NOTHING: dict[str, Id] = {}
_context: ContextVar[dict[str, Id]] = ContextVar("log_context", default=_NOTHING)
_CONTROLS: Final = {
    **{code: f"\\x{code:02x}" for code in (*range(9), *range(10, 32), *range(127, 160))},
    **{ord(end): repr(end)[1:-1] for end in "\n\r\u2028\u2029"},
}

always: dict[str, Callable[[], object]] = {}
"""Ids that every line has where the function knows one."""


@contextmanager
def log_context(**ids: Id) -> Iterator[None]:
    """Add ids (request, user, mission, agent, run) to every line logged in the block.

    A function is asked when a line is written; ``None`` is left out.
    """
    token = _context.set({**_context.get(), **ids})
    try:
        yield
    finally:
        _context.reset(token)


def current_ids() -> dict[str, str]:
    """Return the ids of the context as they are now."""
    found = {}
    for name, value in {**always, **_context.get()}.items():
        known = value() if callable(value) else value
        if known is not None:
            found[name] = str(known)
    return found


class ContextFilter(logging.Filter):
    """Put the context's ids on the record, once, however many handlers it passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "context"):
            ids = current_ids()
            for name, value in ids.items():
                if not hasattr(record, name):
                    setattr(record, name, value)
            record.context = " ".join(f"{name}={value}" for name, value in ids.items())
        return True


class HumanLines(logging.Formatter):
    """A line for people; what it tells cannot begin another one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = record.message.translate(_CONTROLS)
        return super().formatMessage(record).rstrip()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line and its trace, without secrets."""
        return scrub(super().format(record))


class JsonLines(JsonFormatter):
    """A line for programs: ids, durations and whatever else is known are fields."""

    def __init__(self) -> None:
        super().__init__("%(message)s", reserved_attrs=[*RESERVED_ATTRS, "context"])

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        at = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = at.isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Take out secrets while values are still values, so that what remains is JSON."""
        return {name: scrubbed(value) for name, value in log_data.items()}
