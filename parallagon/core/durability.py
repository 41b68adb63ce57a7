"""How long a commit waits for the disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def relaxed_commit() -> Iterator[None]:
    """Commit what is done inside without waiting for the disk.

    A power cut may undo it, whole; the end of a process does not. For marks that are set again
    when they are missing. Inside a transaction it does nothing: that one decides.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")
            yield
    else:
        with _sqlite_synchronous("NORMAL"):
            yield


@contextmanager
def _sqlite_synchronous(level: str) -> Iterator[None]:
    """Commit at another level in this connection; the next one at its own syncs this one too."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        before = int(cursor.fetchone()[0])
        cursor.execute(f"PRAGMA synchronous={level}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA synchronous={before}")
