"""Start, stop, run now, cancel: what a person tells agents.

Reasons are kept in the language of the mission, refusals are in the language of the caller.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from agents import announce
from agents.models import Agent, AgentRun
from agents.roles import registry
from agents.services.finish import FinishRun
from agents.services.queue import bounds_of, look_anew, queue_run
from agents.services.roster import add_missing, agents_with_a_role
from missions.models import Mission
from missions.turns import turn
from parallagon.core.errors import Conflict
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class StartAgent(BaseService[Agent]):
    """Let the agent look at its files now, and from then on by itself."""

    operation = "agents.agent.start"
    agent: Agent
    now: datetime

    def _validate_input(self) -> None:
        _require_active(self.agent.mission)
        _require_role(self.agent)

    def _perform(self) -> Agent:
        agent = self.agent
        with turn(agent.mission_id), override(agent.mission.language):
            _look_again(agent)
            if agent.is_stopping:
                agent.is_stopping = False
                agent.save(update_fields=["is_stopping"])
            if agent.state not in {Agent.State.QUEUED, Agent.State.RUNNING, Agent.State.IDLE}:
                agent.move_to(
                    Agent.State.IDLE,
                    reason=_("started"),
                    now=self.now,
                    next_run_at=self.now,
                    interval=bounds_of(agent)[0],
                    failure_count=0,
                )
            announce.agent_changed(agent, now=self.now)
        return agent


@dataclass(frozen=True, kw_only=True)
class StopAgent(BaseService[Agent]):
    """Stop the agent from starting new cycles; a running one finishes."""

    operation = "agents.agent.stop"
    agent: Agent
    now: datetime

    def _perform(self) -> Agent:
        agent = self.agent
        with turn(agent.mission_id), override(agent.mission.language):
            _look_again(agent)
            if agent.state == Agent.State.RUNNING:
                agent.is_stopping = True
                agent.reason = _("stops when its run has ended")
                agent.save(update_fields=["is_stopping", "reason"])
                announce.agent_changed(agent, now=self.now)
            elif agent.state == Agent.State.QUEUED:
                agent.is_stopping = True
                agent.save(update_fields=["is_stopping"])
                self._drop_run()
            elif agent.state != Agent.State.STOPPED:
                agent.move_to(
                    Agent.State.STOPPED, reason=_("stopped"), now=self.now, next_run_at=None
                )
                announce.agent_changed(agent, now=self.now)
        return agent

    def _drop_run(self) -> None:
        """Finish the queued run, which stops the agent."""
        run = self.agent.runs.filter(state=AgentRun.State.QUEUED).get()
        drop_run(run, reason=_("stopped"), now=self.now)
        self.agent.refresh_from_db()


@dataclass(frozen=True, kw_only=True)
class RunAgent(BaseService[AgentRun]):
    """Queue a run because a person asked; it works even when nothing has changed.

    Raises:
        Conflict: the agent is at work already, or its mission is archived.
    """

    operation = "agents.agent.run"
    agent: Agent
    now: datetime

    def _validate_input(self) -> None:
        _require_active(self.agent.mission)
        _require_role(self.agent)
        if self.agent.state in {Agent.State.QUEUED, Agent.State.RUNNING}:
            raise Conflict(_("This agent is at work already."), state=self.agent.state)

    def _perform(self) -> AgentRun:
        with turn(self.agent.mission_id), override(self.agent.mission.language):
            stopped = self.agent.state == Agent.State.STOPPED
            run = queue_run(
                self.agent, trigger=AgentRun.Trigger.PERSON, reason=_("asked to"), now=self.now
            )
            # An agent that was stopped does this one run, and stops again.
            Agent.objects.filter(pk=self.agent.pk).update(is_stopping=stopped)
            self.agent.is_stopping = stopped
            announce.agent_changed(self.agent, now=self.now)
        return run


@dataclass(frozen=True, kw_only=True)
class CancelRun(BaseService[AgentRun]):
    """End a run: a queued one at once, a running one as soon as its worker looks (half a second).

    Raises:
        Conflict: it has finished.
    """

    operation = "agents.run.cancel"
    run: AgentRun
    now: datetime

    def _validate_input(self) -> None:
        if self.run.state == AgentRun.State.FINISHED:
            raise Conflict(_("This run has finished already."), outcome=self.run.outcome)

    def _perform(self) -> AgentRun:
        with turn(self.run.mission_id), override(self.run.mission.language):
            run = AgentRun.objects.select_for_update(no_key=True, of=("self",)).get(pk=self.run.pk)
            if run.state == AgentRun.State.QUEUED:
                drop_run(run, reason=_("cancelled before it began"), now=self.now)
            else:
                AgentRun.objects.filter(pk=run.pk).update(is_cancel_requested=True)
        self.run.refresh_from_db()
        return self.run


@dataclass(frozen=True, kw_only=True)
class CancelAgent(BaseService[AgentRun]):
    """End what the agent is at: a queued run at once, a running one within a second.

    Raises:
        Conflict: it is not at work.
    """

    operation = "agents.agent.cancel"
    agent: Agent
    now: datetime

    def _perform(self) -> AgentRun:
        run = self.agent.runs.filter(state__in=AgentRun.ACTIVE).first()
        if run is None:
            raise Conflict(_("This agent is not at work."), state=self.agent.state)
        return CancelRun(run=run, now=self.now).execute()


@dataclass(frozen=True, kw_only=True)
class SetModel(BaseService[Agent]):
    """Give the agent a model of its own; an empty name goes back to the mission's."""

    operation = "agents.agent.set_model"
    agent: Agent
    model: str
    now: datetime

    def _perform(self) -> Agent:
        with turn(self.agent.mission_id):
            self.agent.model = self.model
            self.agent.save(update_fields=["model"])
            look_anew(self.agent, reason=_("the model has changed"), now=self.now)
            announce.agent_changed(self.agent, now=self.now)
        return self.agent


@dataclass(frozen=True, kw_only=True)
class StartMission(BaseService[Mission]):
    """Start every agent of the mission, after giving it one for each role that came later."""

    operation = "agents.mission.start"
    mission: Mission
    now: datetime

    def _perform(self) -> Mission:
        with turn(self.mission.pk):
            add_missing([self.mission.pk], now=self.now)
            for agent in agents_with_a_role(self.mission.pk):
                StartAgent(agent=agent, now=self.now).execute()
        return self.mission


@dataclass(frozen=True, kw_only=True)
class StopMission(BaseService[Mission]):
    """Stop every agent of the mission; running cycles finish."""

    operation = "agents.mission.stop"
    mission: Mission
    now: datetime

    def _perform(self) -> Mission:
        with turn(self.mission.pk):
            for agent in self.mission.agents.select_related("mission"):
                StopAgent(agent=agent, now=self.now).execute()
        return self.mission


@dataclass(frozen=True, kw_only=True)
class RunMission(BaseService[Mission]):
    """Queue a run of every agent of the mission that is started and not at work.

    Raises:
        Conflict: the mission was put away.
    """

    operation = "agents.mission.run"
    mission: Mission
    now: datetime

    def _validate_input(self) -> None:
        _require_active(self.mission)

    def _perform(self) -> Mission:
        started = self.mission.agents.exclude(state=Agent.State.STOPPED)
        for agent in started.select_related("mission").order_by("pk"):
            with suppress(Conflict):  # at work already, or without a role
                RunAgent(agent=agent, now=self.now).execute()
        return self.mission


@dataclass(frozen=True, kw_only=True)
class CancelMission(BaseService[Mission]):
    """End every run of the mission; its agents stay started."""

    operation = "agents.mission.cancel"
    mission: Mission
    now: datetime

    def _perform(self) -> Mission:
        for run in self.mission.runs.filter(state__in=AgentRun.ACTIVE).select_related("mission"):
            with suppress(Conflict):  # it has just ended by itself
                CancelRun(run=run, now=self.now).execute()
        return self.mission


def _look_again(agent: Agent) -> None:
    """Read what may have happened to the agent before it was our turn."""
    agent.refresh_from_db(fields=["state", "reason", "loop", "is_stopping"])


def _require_active(mission: Mission) -> None:
    if mission.state != Mission.State.ACTIVE:
        raise Conflict(_("The mission was put away."), state=mission.state)


def _require_role(agent: Agent) -> None:
    if not registry.of(agent).is_available:
        raise Conflict(
            _("This installation no longer has the role “%(role)s”.") % {"role": agent.role},
            role=agent.role,
        )


def drop_run(run: AgentRun, *, reason: str, now: datetime) -> None:
    """Finish a queued run as cancelled; its agent rests, or stops where that was asked for."""
    FinishRun(run=run, outcome=AgentRun.Outcome.CANCELLED, reason=reason, now=now).execute()
