"""What the database says when it cannot do what it is told, in the words of everyone else."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.utils.translation import gettext as _

from parallagon.core.errors import (
    DependencyUnavailable,
    FileOperationError,
    LockError,
    ParallagonError,
)

# How SQLite and PostgreSQL say it: a part of their message, in lower case.
_FULL = ("disk is full", "no space left", "disk quota exceeded")
_READ_ONLY = ("readonly database", "read-only transaction")
_BUSY = (
    "database is locked",
    "lock timeout",
    "deadlock detected",
    "could not obtain lock",
    "statement timeout",
)


def failure(error: OperationalError) -> ParallagonError:
    """Return what to raise for ``error``, with a sentence for a person."""
    said = str(error).lower()
    if any(words in said for words in _FULL):
        return FileOperationError(_("The database's disk is full; nothing was written."))
    if any(words in said for words in _READ_ONLY):
        return FileOperationError(_("The database is read-only; nothing was written."))
    if any(words in said for words in _BUSY):
        return LockError(_("The database is busy. Try again."))
    return DependencyUnavailable(_("The database does not answer."))


@contextmanager
def foreseen() -> Iterator[None]:
    """Run a block; what the database cannot do leaves as a ``ParallagonError``.

    Raises:
        FileOperationError: its disk is full or read-only.
        LockError: others hold what the block needs.
        DependencyUnavailable: it does not answer.
    """
    try:
        yield
    except OperationalError as error:
        raise failure(error) from error
