"""Agents whose model could not be used look again when there is reason to think that it can be."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents import announce
from agents.models import ILL, Agent, AgentRun
from agents.services.queue import bring_forward
from missions import events
from missions.models import Mission
from missions.turns import turn
from parallagon.core.breaker import Circuit
from parallagon.core.services import BaseService

TOGETHER_SECONDS = 5
"""Over which those who waited for a provider return to it."""


def using(model: str) -> QuerySet[Agent]:
    """Return the agents that work through a model."""
    return Agent.objects.filter(Q(model=model) | Q(model="", mission__model=model))


@dataclass(frozen=True, kw_only=True)
class TellOfCircuit(BaseService[None]):
    """Tell the missions that use a model that it is left alone, or no longer is.

    When it no longer is, the agents that waited for it look again, and so do those whose failures
    had it left alone.
    """

    operation = "agents.breaker.tell"
    model: str
    circuit: Circuit
    now: datetime

    def _perform(self) -> None:
        concerned = using(self.model).exclude(state=Agent.State.STOPPED)
        missions = Mission.objects.filter(state=Mission.State.ACTIVE, agents__in=concerned)
        data = {
            "model": self.model,
            "state": self.circuit.state,
            "failure": self.circuit.reason,
            "retry_at": datetime.fromtimestamp(self.circuit.retry_at, self.now.tzinfo).isoformat()
            if self.circuit.opened_at is not None
            else None,
        }
        with turn(*missions.distinct().values_list("pk", flat=True)):
            if self.circuit.opened_at is None:
                resume(
                    _waiting_for(self.model),
                    reason=_("the model answers again"),
                    now=self.now,
                )
            keys = missions.distinct().values_list("pk", flat=True)
            events.publish_many([(key, "breaker.changed", data) for key in keys], at=self.now)


def _waiting_for(model: str) -> QuerySet[Agent]:
    """Return the agents that would look again because a model answers: paused, or shaken by it."""
    last = AgentRun.objects.filter(agent=OuterRef("pk"), state=AgentRun.State.FINISHED)
    failure = last.order_by("-queued_at").values("failure")[:1]
    is_paused = Q(state=Agent.State.PAUSED_BREAKER)
    is_shaken = Q(state=Agent.State.BACKING_OFF, last_failure__in=ILL)
    agents = using(model).exclude(next_run_at=None).annotate(last_failure=Subquery(failure))
    return agents.filter(is_paused | is_shaken)


@dataclass(frozen=True, kw_only=True)
class ResumeUnconfigured(BaseService[int]):
    """Let the agents look again that waited for another configuration, which is read anew now.

    Their key or model was not accepted, or a budget was used up, whose caps may stand in a setting;
    where it still is, they are paused again before anything is asked of a model.
    """

    operation = "agents.resume_unconfigured"
    now: datetime

    def _perform(self) -> int:
        is_refused = Q(state=Agent.State.PAUSED_BREAKER, next_run_at=None)
        waiting = Agent.objects.filter(is_refused | Q(state=Agent.State.PAUSED_BUDGET))
        with turn(*waiting.values_list("mission_id", flat=True)):
            return resume(waiting, reason=_("Parallagon has started again"), now=self.now)


def resume(agents: QuerySet[Agent], *, reason: Promise, now: datetime) -> int:
    """Let the agents look soon, not all in the same instant; not those that go in a circle."""
    free = agents.filter(loop="", mission__state=Mission.State.ACTIVE).select_related("mission")
    waiting = list(free.select_for_update(no_key=True, of=("self",)))
    for agent in waiting:
        soon = now + timedelta(seconds=TOGETHER_SECONDS * random.random())  # noqa: S311 - no secret
        with translation.override(agent.mission.language):
            bring_forward(agent, at=soon, reason=str(reason), now=now)
        announce.agent_changed(agent, now=now)
    return len(waiting)
