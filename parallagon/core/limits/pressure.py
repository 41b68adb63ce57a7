"""From how requests went to what share of its rate everybody gets: rules without a clock.

::

    share  1.0 ─┐ pressed: × 0.7         ┌─ 1.0
                └──┐                 ┌───┘ calm for five steps: + 0.1
                   └──┐ ... least ───┘

One step is a second. The share changes once in five steps at most, since what was measured before
a change says nothing of it; between pressed and calm it stays, so that it does not swing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

BOUNDS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Seconds: answers are counted by the first of these that they did not pass; the last is open."""
FAILED: Final = len(BOUNDS)
"""Where failures are counted, beside their time."""
STEPS: Final = 5
TIGHTER: Final = 0.7
LOOSER: Final = 0.1
FEWEST: Final = 8
"""Answers from which on they say something of the server, not of one slow request."""
FEWEST_FAILED: Final = 3
MANY_FAILED: Final = 0.1
FEW_FAILED: Final = 0.02

Counts = Mapping[int, int]
"""Answers by bound (``place_of``), and failures."""


@dataclass(frozen=True, kw_only=True)
class Pressure:
    """How the answers of the last seconds went."""

    count: int = 0
    p95: float = 0.0
    failed: int = 0

    @property
    def share_failed(self) -> float:
        return self.failed / self.count if self.count else 0.0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What counts as slow, and the least share that is left of any rate."""

    slow: float = 1.0
    least: float = 0.25


@dataclass(frozen=True, kw_only=True)
class Ease:
    """The share of its rate that everybody gets; a value, changed by replacing it."""

    share: float = 1.0
    calm: int = 0
    settled: int = STEPS
    """Steps since the last change, as far as they matter."""


def place_of(seconds: float) -> int:
    """Return where an answer that took so long is counted."""
    return min(bisect_left(BOUNDS, seconds), len(BOUNDS) - 1)


def pressure_of(seconds: Iterable[Counts]) -> Pressure:
    """Return the pressure that the counts of some seconds show."""
    total = [0] * (len(BOUNDS) + 1)
    for counts in seconds:
        for place, count in counts.items():
            total[place] += count
    count = sum(total[:FAILED])
    return Pressure(count=count, p95=_p95(total[:FAILED], count), failed=total[FAILED])


def _p95(counts: list[int], count: int) -> float:
    left = 0.95 * count
    for bound, here in zip(BOUNDS, counts, strict=True):
        left -= here
        if left <= 0:
            return bound if count else 0.0
    return BOUNDS[-1]


def eased(ease: Ease, pressure: Pressure, policy: Policy) -> Ease:
    """Return the share for the next second."""
    calm = ease.calm + 1 if _is_calm(pressure, policy) else 0
    share = ease.share
    if ease.settled >= STEPS:
        if _is_pressed(pressure, policy):
            share = max(policy.least, share * TIGHTER)
        elif calm >= STEPS:
            share = min(1.0, share + LOOSER)
    if share == ease.share:
        return replace(ease, calm=min(calm, STEPS), settled=min(ease.settled + 1, STEPS))
    return Ease(share=share, calm=min(calm, STEPS), settled=1)


def _is_pressed(pressure: Pressure, policy: Policy) -> bool:
    if pressure.count < FEWEST:
        return False
    fails = pressure.failed >= FEWEST_FAILED and pressure.share_failed > MANY_FAILED
    return fails or pressure.p95 > policy.slow


def _is_calm(pressure: Pressure, policy: Policy) -> bool:
    """Less than half as slow as would be too slow, so that a change is not undone at once."""
    if pressure.count < FEWEST:
        return True
    return pressure.p95 <= policy.slow / 2 and pressure.share_failed <= FEW_FAILED
