"""Agents for tests."""

from datetime import UTC, datetime
from typing import Any

from agents.models import Agent
from missions.models import Mission


def make_agent(mission: Mission, role: str, **fields: Any) -> Agent:
    """Make an agent that waits for its next look."""
    values = {
        "state": Agent.State.IDLE,
        "interval": 20,
        "state_changed_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    values.update(fields)
    agent, _ = Agent.objects.update_or_create(mission=mission, role=role, defaults=values)
    return agent
