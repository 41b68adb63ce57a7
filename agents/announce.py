"""Events about agents and runs: one place that knows their shapes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agents.models import Agent, AgentRun
from agents.selectors import activities
from missions import events
from missions.models import Mission


def agent_changed(agent: Agent, *, now: datetime) -> None:
    """Tell everyone the agent's state, why, and when it looks again."""
    events.publish(
        agent.mission_id,
        "agent.changed",
        agent_data(agent, activities([agent.mission_id])[agent.mission_id]),
        at=now,
    )


def agent_data(agent: Agent, activity: str) -> dict[str, Any]:
    """Return the data of ``agent.changed``."""
    return {
        "agent": agent.pk,
        "role": agent.role,
        "state": agent.state,
        "reason": agent.reason,
        "loop": agent.loop,
        "next_run_at": agent.next_run_at.isoformat() if agent.next_run_at else None,
        "activity": activity,
    }


def run_started(run: AgentRun, *, now: datetime) -> None:
    events.publish(
        run.mission_id,
        "run.started",
        {
            "run": str(run.pk),
            "agent": run.agent_id,
            "role": run.agent.role,
            "trigger": run.trigger,
        },
        at=now,
    )


def run_finished(run: AgentRun, *, now: datetime) -> None:
    events.publish(
        run.mission_id,
        "run.finished",
        {
            "run": str(run.pk),
            "agent": run.agent_id,
            "role": run.agent.role,
            "outcome": run.outcome,
            "reason": run.reason,
            "failure": run.failure,
            "changes": run.changes,
        },
        at=now,
    )


def settled(mission: Mission, *, now: datetime) -> None:
    """Tell everyone that the mission rests, if it does since somebody only waits for a person."""
    if activities([mission.pk])[mission.pk] == "settled":
        mission_changed(mission.pk, state=mission.state, title=mission.title, now=now)


def mission_changed(
    mission_id: int,
    *,
    state: str,
    title: str,
    now: datetime,
    budget: Mapping[str, Any] | None = None,
) -> None:
    """Tell everyone what the mission's team is doing as a whole, and what became of its budget."""
    activity = activities([mission_id])[mission_id]
    events.publish(
        mission_id,
        "mission.changed",
        {"state": state, "title": title, "activity": activity}
        | ({"budget": budget} if budget else {}),
        at=now,
    )
