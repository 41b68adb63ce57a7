"""One format for every line, with the ids of what it is about, and no secret in it."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_NOTHING: dict[str, str] = {}
_context: ContextVar[dict[str, str]] = ContextVar("log_context", default=_NOTHING)
_SECRET = re.compile(
    r"(?i)(sk-[\w-]{8,}|bearer\s+[\w.~+/-]{8,}|sesame=[^&\s]+"
    r"|(?:api[_-]?key|password|secret|token)[\"']?\s*[=:]\s*[\"']?[^\s\"',}]{6,})"
)


@contextmanager
def log_context(**ids: object) -> Iterator[None]:
    """Add ids (request, mission, agent, run) to every line logged in the block."""
    token = _context.set({**_context.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _context.reset(token)


def scrub(text: str) -> str:
    """Replace what looks like a key, a token or a password."""
    return _SECRET.sub("[secret]", text)


class ContextFilter(logging.Filter):
    """Put the context's ids on the record and take secrets out of its message."""

    def filter(self, record: logging.LogRecord) -> bool:
        ids = _context.get()
        for name, value in ids.items():
            if not hasattr(record, name):
                setattr(record, name, value)
        record.context = " ".join(f"{name}={value}" for name, value in ids.items())
        message = record.getMessage()
        cleaned = scrub(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        return True
