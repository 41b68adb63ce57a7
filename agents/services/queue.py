"""Put one agent in the queue, now or soon."""

from datetime import datetime
from typing import Final

from agents.models import Agent, AgentRun
from agents.roles import registry
from parallagon.core import telemetry

State = Agent.State

WAKEFUL: Final = frozenset({State.IDLE, State.BACKING_OFF, State.SETTLED})
"""States in which news is a reason to look; one that is paused waits for its own reason."""


def bounds_of(agent: Agent) -> tuple[int, int]:
    """Return the seconds between two looks: while there is something to do, and at most."""
    role = registry.of(agent)
    shortest = agent.shortest or role.interval
    return shortest, max(agent.longest or role.max_interval, shortest)


def queue_run(agent: Agent, *, trigger: str, reason: str, now: datetime) -> AgentRun:
    """Move the agent to QUEUED and insert its run; the caller holds the transaction.

    The dispatcher's next tick, a second away at most, sends its message.

    Raises:
        Conflict: someone else has just moved the agent.
    """
    agent.move_to(
        Agent.State.QUEUED, reason=reason, now=now, next_run_at=None, origin="", is_dirty=False
    )
    return AgentRun.objects.create(
        agent=agent,
        mission_id=agent.mission_id,
        trigger=trigger,
        origin=telemetry.origin(),
        queued_at=now,
    )


def bring_forward(agent: Agent, *, at: datetime, reason: str, now: datetime) -> None:
    """Let an agent that is ``WAKEFUL``, or in a circle, look at ``at``, its failures forgotten.

    The caller holds the transaction.

    Raises:
        Conflict: someone else has just moved the agent.
    """
    fields: dict[str, object] = {
        "next_run_at": at,
        "next_trigger": AgentRun.Trigger.CHANGE,
        "origin": telemetry.origin_after(agent.origin),
        "interval": bounds_of(agent)[0],
        "failure_count": 0,
    }
    if agent.state != State.IDLE:
        agent.move_to(State.IDLE, reason=reason, now=now, **fields)
        return
    Agent.objects.filter(pk=agent.pk, state=agent.state).update(reason=reason, **fields)
    agent.next_run_at, agent.reason = at, reason


def look_anew(agent: Agent, *, reason: str, now: datetime) -> None:
    """Let an agent look because a person told it something: now, or as soon as its run has ended.

    What it did before that is no part of a circle.
    """
    Agent.objects.filter(pk=agent.pk).update(undisturbed_since=now)
    if agent.state in {State.QUEUED, State.RUNNING}:
        Agent.objects.filter(pk=agent.pk).update(is_dirty=True)
    elif agent.state in WAKEFUL | {State.PAUSED_BREAKER}:
        bring_forward(agent, at=now, reason=reason, now=now)
