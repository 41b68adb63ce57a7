"""The dispatcher: who is due goes into the queue. Any number may run at once."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from agents import announce
from agents.models import Agent, AgentRun, AgentTransition
from agents.selectors import activities, agents_due
from agents.services.send import SendRuns
from missions import events
from parallagon.core.services import BaseService

BATCH = 200
NEEDED = (
    "role",
    "state",
    "reason",
    "loop",
    "next_run_at",
    "next_trigger",
    "origin",
    "mission__language",
)
"""What a tick reads of an agent; a hundred at once, every second."""


@dataclass(frozen=True, kw_only=True)
class Dispatch(BaseService[list[UUID]]):
    """Queue the agents that are due; return the ids of runs whose message is to be sent.

    One indexed query, one conditional update, one insert, in one transaction: two dispatchers
    never queue an agent twice (the constraint ``run_one_active_an_agent`` has the last word).
    Where nobody is due there is no transaction.
    """

    operation = "agents.dispatch"
    log_level = logging.DEBUG
    now: datetime
    limit: int = BATCH
    mission_id: int | None = None
    """Look at this mission only: whoever works for one takes no other's runs."""

    def _perform(self) -> list[UUID]:
        due = agents_due(now=self.now)
        due = due if self.mission_id is None else due.filter(mission_id=self.mission_id)
        if due.exists():
            self._queue(due)
        return SendRuns(now=self.now, mission_id=self.mission_id).execute()

    def _queue(self, due: QuerySet[Agent]) -> None:
        with transaction.atomic():
            rows = due.select_related("mission").only(*NEEDED)
            # A mission that somebody is changing has its turn a second later.
            free = rows.select_for_update(no_key=True, skip_locked=True, of=("self", "mission"))
            agents = list(free[: self.limit])
            for language, speaking in _by_language(agents).items():
                with translation.override(language):
                    self._claim(speaking, reason=_("its turn has come"))
            self._insert_runs(agents)

    def _claim(self, due: Sequence[Agent], *, reason: str) -> None:
        Agent.objects.filter(pk__in=[agent.pk for agent in due], state__in=Agent.WAITING).update(
            state=Agent.State.QUEUED,
            reason=reason,
            state_changed_at=self.now,
            next_run_at=None,
            origin="",
            is_dirty=False,
        )
        AgentTransition.objects.bulk_create(
            AgentTransition(
                agent=agent,
                before=agent.state,
                after=Agent.State.QUEUED,
                reason=reason,
                at=self.now,
            )
            for agent in due
        )
        for agent in due:
            agent.state, agent.reason = Agent.State.QUEUED, reason
            agent.next_run_at = None

    def _insert_runs(self, agents: Sequence[Agent]) -> None:
        AgentRun.objects.bulk_create(
            AgentRun(
                agent=agent,
                mission_id=agent.mission_id,
                trigger=agent.next_trigger,
                origin=agent.origin,
                queued_at=self.now,
            )
            for agent in agents
        )
        doing = activities(list(Counter(agent.mission_id for agent in agents)))
        events.publish_many(
            [
                (
                    agent.mission_id,
                    "agent.changed",
                    announce.agent_data(agent, doing[agent.mission_id]),
                )
                for agent in agents
            ],
            at=self.now,
        )


def _by_language(agents: Sequence[Agent]) -> dict[str, list[Agent]]:
    """Return the agents by their mission's language, in which its reasons are told."""
    found: dict[str, list[Agent]] = {}
    for agent in agents:
        found.setdefault(agent.mission.language, []).append(agent)
    return found
