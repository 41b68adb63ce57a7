"""When each step of a run began and how long it took, one after another."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from agents import measures


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; the last one of a run that landed ends with the landing's transaction."""

    step: str
    began_at: str
    milliseconds: float


class Steps:
    """The steps of one run while it goes through them; costs no statement of its own."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._done: list[Step] = []
        self._under_way: tuple[str, datetime, float] | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of a step; steps do not lie within each other."""
        self._under_way = (name, self._clock(), time.perf_counter())
        try:
            yield
        finally:
            self._done = self._so_far()
            self._under_way = None
            measures.STEP_SECONDS.labels(name).observe(self._done[-1].milliseconds / 1000)

    def to_json(self) -> list[dict[str, Any]]:
        """Return every step so far, the one under way as long as it is by now."""
        return [asdict(step) for step in self._so_far()]

    def _so_far(self) -> list[Step]:
        if self._under_way is None:
            return self._done
        name, began_at, began = self._under_way
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        step = Step(step=name, began_at=began_at.isoformat(), milliseconds=milliseconds)
        return [*self._done, step]


def steps_of(timings: Sequence[Mapping[str, Any]] | Mapping[str, float]) -> list[dict[str, Any]]:
    """Return a run's steps as they are kept; older runs know only how long each took."""
    if isinstance(timings, Mapping):
        return [
            {"step": step, "began_at": None, "milliseconds": milliseconds}
            for step, milliseconds in timings.items()
        ]
    return [dict(step) for step in timings]
