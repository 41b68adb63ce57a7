"""When an agent looks again, and what a finished run makes of it. Pure functions."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, TypeVar

from agents.models import UNTIL_CONFIGURED, UNTIL_INPUTS_CHANGE, Agent, AgentRun

DEBOUNCE: Final = timedelta(seconds=2)
"""After a person's save of a watched file: they are probably still typing."""
GATHER: Final = timedelta(seconds=5)
"""After an agent's change, where runs cost money: several changes make one run that follows."""
FIRST_BACKOFF: Final = 15
LONGEST_BACKOFF: Final = 1800
JITTER: Final = 0.2
"""Waits are longer by up to this share: those who failed together do not return together."""
LONGEST_WAIT: Final = 86_400
"""However long a provider asks to wait, the agent looks again after a day."""
BUSY_BACKOFF: Final = (1, 2, 4, 8)

Item = TypeVar("Item")
Outcome = AgentRun.Outcome
State = Agent.State

CONCLUSIVE: Final = frozenset(
    {Outcome.CHANGED, Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.PROPOSED, Outcome.REJECTED}
)
"""Outcomes after which the same inputs are not worth another run."""

FRUITFUL: Final = frozenset({Outcome.CHANGED, Outcome.UNCHANGED, Outcome.PROPOSED})
"""Outcomes after which what people asked of the run has been seen to."""


@dataclass(frozen=True, kw_only=True)
class Next:
    """What an agent does after a run: its state, its interval in seconds, its next look."""

    state: str
    interval: int
    next_run_at: datetime | None
    failure_count: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What counts about an agent when its run ends; seconds."""

    interval: int
    shortest: int
    longest: int
    failure_count: int
    is_stopping: bool
    is_dirty: bool
    gather: timedelta = timedelta()
    """How long changes that came during the run wait for others."""
    failure: str = ""
    wait: float = 0
    """Seconds before which another try is of no use."""
    chance: float = 0
    """From 0 to 1, for what is spread."""


def after_run(outcome: str, standing: Standing, *, now: datetime) -> Next:
    """Return what an agent does after a run that ended with ``outcome``."""
    failures = 0 if outcome in CONCLUSIVE else standing.failure_count + 1
    interval = next_interval(outcome, standing)
    if standing.is_stopping:
        return Next(state=State.STOPPED, interval=interval, next_run_at=None, failure_count=0)
    if outcome == Outcome.STOPPED_BUDGET:
        return Next(
            state=State.PAUSED_BUDGET, interval=interval, next_run_at=next_day(now), failure_count=0
        )
    if outcome == Outcome.CANCELLED:
        # Whoever cancelled wants it quiet; what changed meanwhile may not wait as long.
        at = now + timedelta(seconds=interval if standing.is_dirty else standing.longest)
        return Next(state=State.IDLE, interval=interval, next_run_at=at, failure_count=0)
    if outcome == Outcome.STOPPED_BREAKER:
        at = now + timedelta(seconds=spread(min(standing.wait, LONGEST_WAIT), standing.chance))
        return Next(
            state=State.PAUSED_BREAKER,
            interval=interval,
            next_run_at=at,
            failure_count=standing.failure_count,
        )
    if failures:
        return _after_failure(failures, interval, standing, now=now)
    wait = standing.gather if standing.is_dirty else timedelta(seconds=interval)
    return Next(state=State.IDLE, interval=interval, next_run_at=now + wait, failure_count=0)


def _after_failure(failures: int, interval: int, standing: Standing, *, now: datetime) -> Next:
    """Return when another try may do better; ``None`` where only news can change anything."""
    if standing.failure in UNTIL_CONFIGURED:
        return Next(
            state=State.PAUSED_BREAKER, interval=interval, next_run_at=None, failure_count=failures
        )
    wait = spread(max(backoff(failures), min(standing.wait, LONGEST_WAIT)), standing.chance)
    at: datetime | None = now + timedelta(seconds=wait)
    if standing.failure in UNTIL_INPUTS_CHANGE:
        at = now if standing.is_dirty else None
    return Next(state=State.BACKING_OFF, interval=interval, next_run_at=at, failure_count=failures)


def next_interval(outcome: str, standing: Standing) -> int:
    """Return the seconds until the next look: the role's own after a change, else doubled.

    A run that came to no conclusion says nothing about the files: its agent keeps its pace.
    """
    if outcome in {Outcome.CHANGED, Outcome.PROPOSED} or standing.is_dirty:
        return standing.shortest
    if outcome not in CONCLUSIVE:
        return min(standing.interval, standing.longest)
    return min(max(standing.interval, 1) * 2, standing.longest)


def backoff(failure_count: int) -> int:
    """Return the seconds to wait after so many failures in a row."""
    return int(min(FIRST_BACKOFF * 2 ** min(failure_count - 1, 20), LONGEST_BACKOFF))


def spread(seconds: float, chance: float) -> float:
    """Return ``seconds`` and up to a share more, as ``chance`` has it."""
    return seconds * (1 + JITTER * chance)


def busy_backoff(attempt: int) -> timedelta:
    """Return how long a run whose files are leased waits before it is sent again."""
    return timedelta(seconds=BUSY_BACKOFF[min(attempt, len(BUSY_BACKOFF)) - 1])


def in_turn(
    items: Sequence[Item], *, mission: Callable[[Item], int], ahead: Mapping[int, int]
) -> list[Item]:
    """Order what missions want so that each gets its turn: one's second after every first.

    ``ahead`` says how much of a mission is under way already; within a mission the order stays.
    """
    turns = Counter(ahead)
    ranked = []
    for item in items:
        ranked.append((turns[mission(item)], item))
        turns[mission(item)] += 1
    return [item for _turn, item in sorted(ranked, key=itemgetter(0))]


def next_day(now: datetime) -> datetime:
    """Return the start of the next day, when the ceilings of a day begin anew (UTC)."""
    return day_of(now) + timedelta(days=1)


def day_of(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def quiet_until(
    last_save: datetime | None, *, queued_at: datetime, now: datetime, quiet: int, most: int
) -> datetime | None:
    """Return until when a run leaves a writing person alone, or ``None`` when it may go on.

    ``quiet`` and ``most`` are seconds: since the person's last save, and since the run was queued.
    """
    if last_save is None:
        return None
    until = min(last_save + timedelta(seconds=quiet), queued_at + timedelta(seconds=most))
    return until if until > now else None
