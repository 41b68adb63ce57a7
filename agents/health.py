"""Whether an agent is well, judged by what it should be doing by now. Pure."""

from datetime import datetime, timedelta
from typing import Final, Literal

from django.db.models import Q

from agents.models import Agent

Health = Literal["ok", "late", "failing", "stuck", "resting"]
HEALTH: Final[tuple[Health, ...]] = ("ok", "late", "failing", "stuck", "resting")

State = Agent.State
RESTING: Final = frozenset({State.STOPPED, State.SETTLED, State.PAUSED_BUDGET})
FAILING: Final = frozenset({State.BACKING_OFF, State.PAUSED_BREAKER})
PATIENCE: Final = timedelta(seconds=60)
"""Messages are sent again and dead workers' runs are ended within that time."""


def health_of(agent: Agent, *, now: datetime, run_seconds: int) -> Health:
    """Return how an agent is.

    ``late``: it waits, or its run does, for longer than its interval of now beyond its turn;
    ``failing``: its last run failed; ``stuck``: only a person, or the reaper, gets it out;
    ``resting``: it has nothing to do, which is well. ``run_seconds`` is what a run may take.
    """
    if agent.loop:
        return "stuck"
    if agent.state in RESTING:
        return "resting"
    if agent.state in FAILING:
        return "failing"
    overdue = now - _expected(agent, timedelta(seconds=run_seconds))
    if agent.state == State.RUNNING and overdue > PATIENCE:
        return "stuck"
    if agent.failure_count:
        return "failing"
    if agent.state != State.RUNNING and overdue > max(PATIENCE, timedelta(seconds=agent.interval)):
        return "late"
    return "ok"


def is_stuck(*, now: datetime, run_seconds: int) -> Q:
    """Return the condition of which agents ``health_of`` says that they are stuck."""
    since = now - PATIENCE - timedelta(seconds=run_seconds)
    return ~Q(loop="") | Q(state=State.RUNNING, state_changed_at__lt=since)


def _expected(agent: Agent, run_time: timedelta) -> datetime:
    """Return when its state should have ended."""
    if agent.state == State.RUNNING:
        return agent.state_changed_at + run_time
    if agent.state == State.QUEUED:
        return agent.state_changed_at
    return agent.next_run_at or agent.state_changed_at
