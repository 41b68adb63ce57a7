"""Which agents a mission has: one a role that the settings name, also of roles that came later."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from agents.models import Agent
from agents.roles import registry


def add_missing(mission_ids: Sequence[int], *, now: datetime) -> int:
    """Give missions the agents that they lack, stopped; return how many were added.

    Nothing begins to work, or to cost, because a setting has changed.
    """
    there = set(Agent.objects.filter(mission_id__in=mission_ids).values_list("mission_id", "role"))
    missing = [
        Agent(mission_id=mission_id, role=role.role, interval=role.interval, state_changed_at=now)
        for mission_id in mission_ids
        for role in registry.all_roles()
        if (mission_id, role.role) not in there
    ]
    # Someone else may be adding the same ones: the constraint keeps one of each.
    Agent.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)


def agents_with_a_role(mission_id: int) -> QuerySet[Agent]:
    """Return the agents of a mission whose role this installation has."""
    names = [role.role for role in registry.all_roles()]
    agents = Agent.objects.filter(mission_id=mission_id, role__in=names)
    return agents.select_related("mission")
