"""Put one agent in the queue."""

from datetime import datetime

from agents.models import Agent, AgentRun


def queue_run(agent: Agent, *, trigger: str, reason: str, now: datetime) -> AgentRun:
    """Move the agent to QUEUED and insert its run; the caller holds the transaction.

    Raises:
        Conflict: someone else has just moved the agent.
    """
    agent.move_to(Agent.State.QUEUED, reason=reason, now=now, next_run_at=None, is_dirty=False)
    return AgentRun.objects.create(
        agent=agent, mission_id=agent.mission_id, trigger=trigger, queued_at=now, sent_at=now
    )
