"""What is counted of files: landings, waits for the write lock, events."""

import functools
import time
from collections.abc import Callable, Sized
from typing import Any, ParamSpec, Protocol, TypeVar

from prometheus_client import Counter, Histogram

from parallagon.core.errors import ParallagonError


class Outcome(Protocol):
    """What is told of a landing: it knows of this module, not this module of it."""

    @property
    def proposal(self) -> object: ...

    @property
    def revisions(self) -> Sized: ...


Arguments = ParamSpec("Arguments")
Made = TypeVar("Made", bound=Outcome)

LANDING_SECONDS = Histogram(
    "parallagon_landing_seconds",
    "How long changes took to land, by who wrote them; a save is a landing of a person",
    ["author"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LANDINGS = Counter(
    "parallagon_landings_total",
    "Changes that landed, became a proposal, changed nothing, or why they did not land",
    ["author", "result"],
)
LOCK_WAIT_SECONDS = Histogram(
    "parallagon_lock_wait_seconds",
    "How long a writer waited for a mission's write lock, and whether it got it",
    ["result"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
EVENTS = Counter("parallagon_events_total", "Events that were committed", ["type"])


def landing(land: Callable[Arguments, Made]) -> Callable[Arguments, Made]:
    """Count each landing, and take its time."""

    @functools.wraps(land)
    def counted(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Made:
        author: Any = keywords["author"]  # `land` requires it by name
        began = time.perf_counter()
        result = "defect"
        try:
            made = land(*arguments, **keywords)
        except ParallagonError as error:
            result = error.code
            raise
        else:
            result = _result(made)
            return made
        finally:
            kind = author.kind.lower()
            LANDING_SECONDS.labels(kind).observe(time.perf_counter() - began)
            LANDINGS.labels(kind, result).inc()

    return counted


def _result(made: Outcome) -> str:
    if made.proposal:
        return "proposed"
    return "landed" if made.revisions else "unchanged"
