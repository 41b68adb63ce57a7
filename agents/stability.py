"""How steadily agents have worked: time in each state, failures, recovery, cycles."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypedDict

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, Sum

from agents.models import Agent, AgentRun, AgentTransition

MOST: Final = 50_000
"""Transitions read at once, the newest; what came before is left out, and said so."""

State = Agent.State
Outcome = AgentRun.Outcome

ILL: Final = frozenset({State.BACKING_OFF, State.PAUSED_BREAKER})
FAILURES: Final = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.STOPPED_BREAKER)
DAY: Final = timedelta(days=1)


class Move(NamedTuple):
    """One transition."""

    before: str
    after: str
    at: datetime


class Cycles(TypedDict, total=False):
    """What an agent's runs add up to."""

    cycle_count: int
    cycle_seconds_in_all: float
    skip_count: int
    failure_count: int


@dataclass(frozen=True, kw_only=True)
class Stability:
    """What one agent, or several together, did in a time; a mean of nothing is ``None``."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    transition_count: int = 0
    recoveries: tuple[float, ...] = ()
    cycle_count: int = 0
    cycle_seconds_in_all: float = 0
    skip_count: int = 0
    failure_count: int = 0
    is_truncated: bool = False

    @property
    def failures_a_day(self) -> float | None:
        """Return the failures of a day in which it was there."""
        there = sum(self.seconds.values())
        return self.failure_count / (there / DAY.total_seconds()) if there else None

    @property
    def mean_recovery_seconds(self) -> float | None:
        """Return how long it took from a failure to the next run that did not fail."""
        return sum(self.recoveries) / len(self.recoveries) if self.recoveries else None

    @property
    def mean_cycle_seconds(self) -> float | None:
        return self.cycle_seconds_in_all / self.cycle_count if self.cycle_count else None

    @property
    def skipped_share(self) -> float | None:
        """Return the share of looks for which there was no reason to begin."""
        looks = self.cycle_count + self.skip_count
        return self.skip_count / looks if looks else None


def stability_of(
    agents: Sequence[Agent], *, since: datetime, now: datetime
) -> dict[int, Stability]:
    """Return how each agent did, by its key; two queries however many there are."""
    moves, is_truncated, begin = _moves(agents, since=since)
    cycles = _cycles(agents, since=since)
    return {
        agent.pk: Stability(
            seconds=time_in_states(
                moves[agent.pk], state=agent.state, since=max(begin, agent.created_at), now=now
            ),
            transition_count=len(moves[agent.pk]),
            recoveries=tuple(recoveries(moves[agent.pk])),
            is_truncated=is_truncated,
            **cycles.get(agent.pk, {}),
        )
        for agent in agents
    }


def together(parts: Iterable[Stability]) -> Stability:
    """Return how several agents did as one."""
    parts = list(parts)
    seconds: dict[str, float] = defaultdict(float)
    for part in parts:
        for state, length in part.seconds.items():
            seconds[state] += length
    return Stability(
        seconds=dict(seconds),
        transition_count=sum(part.transition_count for part in parts),
        recoveries=tuple(length for part in parts for length in part.recoveries),
        cycle_count=sum(part.cycle_count for part in parts),
        cycle_seconds_in_all=sum(part.cycle_seconds_in_all for part in parts),
        skip_count=sum(part.skip_count for part in parts),
        failure_count=sum(part.failure_count for part in parts),
        is_truncated=any(part.is_truncated for part in parts),
    )


# -- pure ----------------------------------------------------------------------------------------


def time_in_states(
    moves: Sequence[Move], *, state: str, since: datetime, now: datetime
) -> dict[str, float]:
    """Return the seconds in each state between two times; ``state`` is the one it has now."""
    found: dict[str, float] = defaultdict(float)
    current, at = (moves[0].before if moves else state), since
    for move in moves:
        found[current] += max((move.at - at).total_seconds(), 0)
        current, at = move.after, max(move.at, at)
    found[current] += max((now - at).total_seconds(), 0)
    return {name: length for name, length in found.items() if length}


def recoveries(moves: Iterable[Move]) -> list[float]:
    """Return the seconds from each first failure to the end of the next run that did not fail."""
    found: list[float] = []
    ill_since: datetime | None = None
    for move in moves:
        if move.after in ILL:
            ill_since = ill_since or move.at
        elif ill_since and (move.before == State.RUNNING or move.after == State.STOPPED):
            if move.after != State.STOPPED:
                found.append((move.at - ill_since).total_seconds())
            ill_since = None
    return found


# -- queries -------------------------------------------------------------------------------------


def _moves(
    agents: Sequence[Agent], *, since: datetime
) -> tuple[dict[int, list[Move]], bool, datetime]:
    """Return the transitions of each agent, the oldest first, whether some are left out, and
    since when they are whole."""
    rows = list(
        AgentTransition.objects.filter(agent__in=agents, at__gte=since)
        .order_by("-at", "-pk")
        .values_list("agent_id", "before", "after", "at")[: MOST + 1]
    )
    is_truncated = len(rows) > MOST
    found: dict[int, list[Move]] = defaultdict(list)
    for agent_id, before, after, at in reversed(rows[:MOST]):
        found[agent_id].append(Move(before, after, at))
    return found, is_truncated, rows[MOST - 1][3] if is_truncated else since


def _cycles(agents: Sequence[Agent], *, since: datetime) -> dict[int, Cycles]:
    began = Q(started_at__isnull=False) & ~Q(outcome=Outcome.SKIPPED)
    length = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    rows = (
        AgentRun.objects.filter(agent__in=agents, finished_at__gte=since)
        .order_by()
        .values("agent_id")
        .annotate(
            cycles=Count("pk", filter=began),
            mean=Avg(length, filter=began),
            skips=Sum("count", filter=Q(outcome=Outcome.SKIPPED), default=0),
            failures=Count("pk", filter=Q(outcome__in=FAILURES)),
        )
    )
    return {
        row["agent_id"]: {
            "cycle_count": row["cycles"],
            "cycle_seconds_in_all": (row["mean"] or timedelta()).total_seconds() * row["cycles"],
            "skip_count": row["skips"],
            "failure_count": row["failures"],
        }
        for row in rows
    }
