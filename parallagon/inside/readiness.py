"""What must be there for requests to be served and for agents to work, and whether it is."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Final

import redis
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from parallagon.core import heartbeats
from parallagon.inside import room

Check = Callable[[], str | None]
"""Returns what is wrong, in words that go on from the name of the check; ``None`` when nothing."""

SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0
MIGRATED_SECONDS: Final = 60.0


class Answers:
    """What checks say, at most a second old.

    Each is asked in a thread of its own and has ``seconds`` to answer; one that hangs holds up
    nobody, and is not asked a second time meanwhile.
    """

    def __init__(
        self, checks: Mapping[str, Check], *, seconds: float = SECONDS, kept: float = KEPT_SECONDS
    ) -> None:
        self.checks = dict(checks)
        self._seconds = seconds
        self._kept = kept
        self._lock = threading.Lock()
        self._flights: dict[str, Future[str | None]] = {}
        self._said: dict[str, str | None] = {}
        self._at = -kept

    def get(self) -> Mapping[str, str | None]:
        """Return what is wrong with each thing, ``None`` with those that are well."""
        with self._lock:
            if time.monotonic() - self._at >= self._kept:
                self._said = self._ask_all()
                self._at = time.monotonic()
            return self._said

    def forget(self) -> None:
        """Ask anew next time."""
        with self._lock:
            self._at = -self._kept

    def _ask_all(self) -> dict[str, str | None]:
        flights = {name: self._ask(name, check) for name, check in self.checks.items()}
        until = time.monotonic() + self._seconds
        said: dict[str, str | None] = {}
        for name, flight in flights.items():
            try:
                said[name] = flight.result(max(0.0, until - time.monotonic()))
            except TimeoutError:
                said[name] = f"it has not answered within {self._seconds:g} s"
        return said

    def _ask(self, name: str, check: Check) -> "Future[str | None]":
        flight = self._flights.get(name)
        if flight is None or flight.done():
            flight = self._flights[name] = Future()
            threading.Thread(
                target=_answer, args=(check, flight), name=f"check-{name}", daemon=True
            ).start()
        return flight


def _answer(check: Check, flight: "Future[str | None]") -> None:
    try:
        answer = check()
    except Exception as error:  # noqa: BLE001, RUF100 - whatever it is, it is what is wrong
        answer = f"it cannot be looked at: {type(error).__name__}: {error}"
    finally:
        connections.close_all()  # this thread's own
    flight.set_result(answer)


def database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"it does not answer: {error}"
    return None


class Migrations:
    """Whether all are applied; once they are, that is believed for a minute."""

    def __init__(self) -> None:
        self._until = 0.0

    def __call__(self) -> str | None:
        if time.monotonic() < self._until:
            return None
        try:
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            return f"it is not known whether they are applied: {error}"
        if waiting:
            return f"{len(waiting)} migrations are not applied"
        self._until = time.monotonic() + MIGRATED_SECONDS
        return None


def redis_server() -> str | None:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, **room.PATIENCE) as client:
            client.ping()
    except redis.RedisError as error:
        return f"it does not answer: {error}"
    return None


def data_directory() -> str | None:
    return None if os.access(settings.DATA_DIR, os.W_OK | os.X_OK) else "it is not writable"


def disk() -> str | None:
    try:
        left = room.disk()
    except OSError as error:
        return f"it cannot be looked at: {error.strerror}"
    if left.bytes < settings.PARALLAGON_DISK_FREE_BYTES:
        return f"{left.bytes // 1024**2} MiB are free"
    if left.inodes < settings.PARALLAGON_DISK_FREE_INODES:
        return f"{left.inodes:.0f} inodes are free"
    return None


def heard_of(*names: str) -> Check:
    """Return a check that every one of the processes was heard of lately."""

    def check() -> str | None:
        try:
            silent = heartbeats.silent(names)
        except redis.RedisError as error:
            return f"nobody knows: {error}"
        return (
            f"not heard of for {heartbeats.SILENT_AFTER:g} s: {', '.join(silent)}"
            if silent
            else None
        )

    return check


FOR_REQUESTS: Final[Mapping[str, Check]] = {
    "database": database,
    "migrations": Migrations(),
    "redis": redis_server,
    "data_directory": data_directory,
    "disk": disk,
}
FOR_AGENTS: Final[Mapping[str, Check]] = {
    "workers": heard_of("cycles", "default"),
    "beat": heard_of("beat"),
    "engine": heard_of("engine"),
}
