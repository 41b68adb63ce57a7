"""What every process counts: statements, tasks, frames."""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from prometheus_client import Counter, Gauge, Histogram

QUERY_SECONDS = Histogram(
    "parallagon_database_query_seconds",
    "How long the database took for a statement, by its kind",
    ["kind"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20),
)
QUERY_ERRORS = Counter("parallagon_database_errors_total", "Statements that failed", ["error"])
TASK_SECONDS = Histogram(
    "parallagon_task_seconds",
    "How long a background task took, and how it ended",
    ["task", "state"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600),
)
BROADCAST_SECONDS = Histogram(
    "parallagon_broadcast_seconds",
    "From the commit of a change until its frame was handed to a socket",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5, 30),
)
FRAMES_LOST = Counter(
    "parallagon_frames_lost_total", "Frames that the layer did not take, and why", ["reason"]
)
SOCKETS = Gauge("parallagon_sockets", "Open WebSockets", multiprocess_mode="livesum")

# What is to be noticed at its first time must have been there before, as zero.
QUERY_ERRORS.labels("OperationalError")
for _reason in ("layer", "full"):
    FRAMES_LOST.labels(_reason)

logger = logging.getLogger(__name__)
KINDS: Final = frozenset({"select", "insert", "update", "delete", "savepoint", "release"})
Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


def register() -> None:
    """Take the time of each statement of each connection of this process, and show its life."""
    _show_life()
    connection_created.connect(_measure_connection, dispatch_uid="parallagon.measures")


def _show_life() -> None:
    """Hold a lock beside what this process counts: free, it says that the process has ended.

    Its number alone would not: numbers are given again, and mean nothing in another container.
    """
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return
    try:
        sign = os.open(
            f"{folder}/{os.getpid()}.alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        fcntl.flock(sign, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        logger.info("what is counted here will be judged by this process's number: %s", error)


def _measure_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if _measure not in connection.execute_wrappers:  # it is the same one when it connects anew
        connection.execute_wrappers.append(_measure)


def _measure(
    execute: Execute, sql: str, parameters: Any, many: bool, context: dict[str, Any]
) -> Any:
    began = time.perf_counter()
    try:
        return execute(sql, parameters, many, context)
    except Exception as error:
        QUERY_ERRORS.labels(type(error).__name__).inc()
        raise
    finally:
        QUERY_SECONDS.labels(kind_of(sql)).observe(time.perf_counter() - began)


def kind_of(sql: str) -> str:
    """Return what a statement does, as one of a few words."""
    word = str(sql).lstrip(" (\n").partition(" ")[0].lower()
    return word if word in KINDS else "other"
