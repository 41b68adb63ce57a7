"""Caps that people give, and telling them when those are nearly used up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import override

from agents import announce
from agents.budget import Caps, Measure, Standing, scopes_of, standings
from agents.models import Agent, AgentRun, Budget, BudgetNotice
from agents.services.queue import bounds_of
from missions.models import Mission
from missions.turns import turn
from parallagon.core.services import BaseService

NOTICE_DAYS: Final = 40
"""A cap in all that stays nearly used up is told again after so many days."""
State = Agent.State


@dataclass(frozen=True, kw_only=True)
class SetMissionBudget(BaseService[Budget]):
    """Cap what a mission may use in all and a day; ``None`` in a cap: the installation's.

    Agents that were paused look again at once when there is more to use than before.
    """

    operation = "agents.mission.set_budget"
    mission: Mission
    total: Caps
    day: Caps
    now: datetime

    def _perform(self) -> Budget:
        with turn(self.mission.pk), override(self.mission.language):
            before = _caps(self.mission, None, now=self.now)
            budget, _is_new = Budget.objects.update_or_create(
                mission=self.mission,
                defaults={
                    "dollars": self.total.dollars,
                    "tokens": self.total.tokens,
                    "calls": self.total.calls,
                    "day_dollars": self.day.dollars,
                    "day_tokens": self.day.tokens,
                    "day_calls": self.day.calls,
                    "updated_at": self.now,
                },
            )
            if _is_raised(before, _caps(self.mission, None, now=self.now)):
                _wake(Agent.objects.filter(mission=self.mission), now=self.now)
            announce.mission_changed(
                self.mission.pk,
                state=self.mission.state,
                title=self.mission.title,
                now=self.now,
                budget={"level": "changed"},
            )
        return budget


@dataclass(frozen=True, kw_only=True)
class SetAgentBudget(BaseService[Agent]):
    """Cap what an agent may use a day; it looks again at once if it was paused and may use more."""

    operation = "agents.agent.set_budget"
    agent: Agent
    day: Caps
    now: datetime

    def _perform(self) -> Agent:
        agent = self.agent
        with turn(agent.mission_id), override(agent.mission.language):
            before = _caps(agent.mission, agent, now=self.now)
            agent.day_dollars = self.day.dollars
            agent.day_tokens = self.day.tokens
            agent.day_calls = self.day.calls
            agent.save(update_fields=["day_dollars", "day_tokens", "day_calls"])
            if _is_raised(before, _caps(agent.mission, agent, now=self.now)):
                _wake(Agent.objects.filter(pk=agent.pk), now=self.now)
                agent.refresh_from_db()
        return agent


def _caps(mission: Mission, agent: Agent | None, *, now: datetime) -> dict[str, Caps]:
    scopes = scopes_of(mission_id=mission.pk, agent=agent, today=now.date())
    return {scope.name: scope.caps for scope in scopes}


def _is_raised(before: dict[str, Caps], after: dict[str, Caps]) -> bool:
    return any(caps.raises(before[name]) for name, caps in after.items())


def _wake(agents: Iterable[Agent], *, now: datetime) -> None:
    """Let the agents that a budget had paused look now."""
    for agent in agents:
        if agent.state == State.PAUSED_BUDGET:
            agent.move_to(
                State.IDLE,
                reason=_("the budget was raised"),
                now=now,
                next_run_at=now,
                next_trigger=AgentRun.Trigger.CHANGE,
                interval=bounds_of(agent)[0],
            )
            announce.agent_changed(agent, now=now)


def tell_of_budget(run: AgentRun, *, now: datetime) -> None:
    """Tell everyone, once for each cap and day, that it is nearly, or quite, used up.

    Call it in the transaction that writes the run's calls into the ledger.
    """
    for standing in standings(mission_id=run.mission_id, agent=run.agent, now=now):
        for measure in standing.measures:
            if measure.level == "fine" or measure.cap is None:
                continue
            key = f"{standing.scope.key} {measure.kind} {measure.level} {measure.cap.normalize():f}"
            _notice, is_new = BudgetNotice.objects.get_or_create(
                key=key, defaults={"mission_id": run.mission_id, "at": now}
            )
            if is_new:
                BudgetNotice.objects.filter(at__lt=now - timedelta(days=NOTICE_DAYS)).delete()
                _announce(run, standing, measure, cap=measure.cap, now=now)


def _announce(
    run: AgentRun, standing: Standing, measure: Measure, *, cap: Decimal, now: datetime
) -> None:
    announce.mission_changed(
        run.mission_id,
        state=run.mission.state,
        title=run.mission.title,
        now=now,
        budget={
            "level": measure.level,
            "scope": standing.scope.name,
            "agent": standing.scope.agent_id,
            "kind": measure.kind,
            "used": f"{measure.used.normalize():f}",
            "cap": f"{cap.normalize():f}",
        },
    )
