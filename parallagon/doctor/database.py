"""The database: does it answer, is it up to date, does it keep what it has confirmed?"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import DatabaseError, connection
from django.utils import timezone

from missions.models import Event
from parallagon.doctor.finding import Finding, fine, problem, warning
from parallagon.inside.readiness import Migrations

OLDEST_POSTGRESQL: Final = 150_000
SKEW_SECONDS: Final = 5.0
_SYNCHRONOUS: Final = {0: "OFF", 1: "NORMAL"}


def examine() -> Iterator[Finding]:
    """Ask the database about itself."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield problem(
            "database.answers",
            f"The database does not answer: {str(error).strip()}.",
            "Start it, or mend DATABASE_URL.",
        )
        return
    yield fine("database.answers", f"The database answers ({connection.vendor}).")
    yield from _migrations()
    yield from (_sqlite() if connection.vendor == "sqlite" else _postgresql())
    yield from _clock()


def _migrations() -> Iterator[Finding]:
    said = Migrations()()
    if said is None:
        yield fine("database.migrations", "All migrations are applied.")
    else:
        yield problem(
            "database.migrations",
            f"The database is not up to date: {said}.",
            "Run manage.py migrate.",
        )


def _sqlite() -> Iterator[Finding]:
    mode = str(_one("PRAGMA journal_mode")).upper()
    if mode != "WAL":
        yield problem(
            "database.wal",
            f"SQLite's journal is {mode}, not WAL: readers and writers wait for each other.",
            "Keep the data directory on a local disk, where SQLite can use WAL.",
        )
    synchronous = int(_one("PRAGMA synchronous"))
    if synchronous < 2:
        yield problem(
            "database.synchronous",
            f"SQLite's synchronous is {_SYNCHRONOUS[synchronous]}: "
            "a power cut loses what was confirmed.",
            "Set it to FULL where the database's options were changed.",
        )
    if mode == "WAL" and synchronous >= 2:
        yield fine("database.durable", "What the database has confirmed outlives a power cut.")


def _postgresql() -> Iterator[Finding]:
    version = int(_one("SHOW server_version_num"))
    if version < OLDEST_POSTGRESQL:
        yield problem(
            "database.version",
            f"PostgreSQL is {version // 10_000}; Parallagon needs 15.",
            "Upgrade the server.",
        )
    off = [name for name in ("fsync", "full_page_writes") if _one(f"SHOW {name}") == "off"]
    off += ["synchronous_commit"] if _one("SHOW synchronous_commit") == "off" else []
    if off:
        yield problem(
            "database.synchronous",
            f"PostgreSQL has {', '.join(off)} off: a power cut loses what was confirmed.",
            "Turn it on in postgresql.conf.",
        )
    else:
        yield fine("database.durable", "What the database has confirmed outlives a power cut.")


def _clock() -> Iterator[Finding]:
    """Compare the clocks of the database, this machine, and what was written before."""
    said = _one("SELECT STRFTIME('%s', 'now')" if connection.vendor == "sqlite" else _EPOCH)
    skew = abs(float(said) - time.time())
    if skew > SKEW_SECONDS:
        yield warning(
            "database.clock",
            f"The clocks of the database and of this machine are {skew:.0f} s apart.",
            "Let both follow a time server.",
        )
    newest = _newest_event()
    ahead = newest - timezone.now() if newest else timedelta()
    if ahead > timedelta(seconds=SKEW_SECONDS):
        yield warning(
            "database.future",
            f"The newest event is from {ahead} in the future: this machine's clock was set back.",
            "Set the clock right; agents that are due by then would wait until it has come.",
        )
    if skew <= SKEW_SECONDS and ahead <= timedelta(seconds=SKEW_SECONDS):
        yield fine("database.clock", f"The clocks agree ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC).")


_EPOCH: Final = "SELECT EXTRACT(EPOCH FROM clock_timestamp())"


def _newest_event() -> datetime | None:
    try:
        return Event.objects.order_by("-pk").values_list("at", flat=True).first()
    except DatabaseError:  # its table is not there yet, as was said of the migrations
        return None


def _one(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]
