"""Agents and runs for tests."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from agents.models import Agent, AgentRun, ModelCall
from missions.models import Mission
from parallagon.accounts.models import User

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
RUN = {
    "id", "mission", "agent", "role", "trigger", "state", "step", "outcome", "reason", "count",
    "failure", "model", "is_offline", "queued_at", "started_at", "finished_at", "calls",
    "input_tokens", "output_tokens", "cost", "is_cost_assumed", "changes", "refused", "flags",
    "steps",
}  # fmt: skip
"""What the API tells of a run."""


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


def make_run(agent: Agent, **fields: Any) -> AgentRun:
    """Make a run that has finished without a change."""
    values: dict[str, Any] = {
        "agent": agent,
        "mission_id": agent.mission_id,
        "trigger": "schedule",
        "state": "FINISHED",
        "outcome": "unchanged",
        "queued_at": NOW,
        "finished_at": NOW,
    }
    return AgentRun.objects.create(**values | fields)


def make_call(run: AgentRun, *, cost: str | None, **fields: Any) -> ModelCall:
    """Make a call of a run that is in the ledger; today, unless ``started_at`` says else."""
    values: dict[str, Any] = {
        "run": run,
        "number": 1,
        "mission_id": run.mission_id,
        "agent_id": run.agent_id,
        "model": run.model,
        "started_at": timezone.now(),
        "seconds": 1.0,
        "input_tokens": 10,
        "output_tokens": 0,
        "is_complete": True,
        "cost": None if cost is None else Decimal(cost),
    }
    values.update(fields)
    return ModelCall.objects.create(**values, day=values["started_at"].date())


def browser(user: User) -> APIClient:
    """Return a client that is signed in by session, as a browser is."""
    client = APIClient()
    client.force_login(user)
    return client
