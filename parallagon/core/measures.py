"""What every process counts: statements, tasks, frames."""

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

KINDS: Final = frozenset({"select", "insert", "update", "delete", "savepoint", "release"})
Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


def register() -> None:
    """Take the time of each statement of each connection of this process."""
    connection_created.connect(_measure_connection, dispatch_uid="parallagon.measures")


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
