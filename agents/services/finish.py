"""The end of a run: its outcome, its calls, and what its agent does next."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agents import announce, measures, scheduling
from agents.budget import is_free
from agents.fingerprint import files_of, fingerprint
from agents.gateway.protocol import CallRecord
from agents.models import Agent, AgentRun, Instruction, ModelCall
from agents.roles import registry
from agents.selectors import awaiting_decision
from agents.services.budget import tell_of_budget
from agents.services.loops import StopLoop
from agents.services.queue import bounds_of
from missions.leases import release_lease
from missions.models import Mission
from missions.turns import turn
from parallagon.core.errors import Conflict
from parallagon.core.scrubbing import scrub
from parallagon.core.services import BaseService

Outcome = AgentRun.Outcome


@dataclass(frozen=True, kw_only=True)
class FinishRun(BaseService[AgentRun]):
    """Give a run its outcome, write its calls into the ledger and say when its agent looks again.

    Everything in one transaction, so that a run is either at work or finished with all it cost.
    A call that was refused before it was made is none; the run's reason says why it was refused.

    Raises:
        Conflict: it has finished already; nothing is written twice.
    """

    operation = "agents.run.finish"
    run: AgentRun
    outcome: str
    reason: str
    failure: str = ""
    wait: float = 0
    """Seconds that the agent must wait at least, as a provider asked or a breaker knows."""
    now: datetime
    calls: Sequence[CallRecord] = ()
    changes: Sequence[Mapping[str, Any]] = ()
    refused: Sequence[Mapping[str, str]] = ()
    flags: Sequence[Mapping[str, Any]] = ()
    timings: Sequence[Mapping[str, Any]] = ()

    @property
    def _made(self) -> Sequence[CallRecord]:
        return [call for call in self.calls if call.was_made]

    def _perform(self) -> AgentRun:
        with turn(self.run.mission_id):
            self._finish_row()
            self._write_calls()
            release_lease(self.run.pk, now=self.now)
            if self.outcome in scheduling.FRUITFUL:
                unread = Instruction.objects.filter(run=self.run, read_at=None)
                unread.update(read_at=self.now)
            agent = Agent.objects.select_related("mission").get(pk=self.run.agent_id)
            announce.run_finished(self.run, now=self.now)
            rest(
                agent,
                self.outcome,
                reason=self.reason,
                failure=self.failure,
                wait=self.wait,
                now=self.now,
                learnt=self._learnt(agent),
            )
            StopLoop(agent=agent, run=self.run, now=self.now).execute()
            announce.agent_changed(agent, now=self.now)
            if agent.is_held and not agent.loop:
                announce.settled(agent.mission, now=self.now)
            if self._made and not is_free(self.run.model):
                tell_of_budget(self.run, now=self.now)
            count = partial(measures.count_run, self.run, agent.role, self._made)
            transaction.on_commit(count, robust=True)
        return self.run

    def _finish_row(self) -> None:
        known = [call for call in self._made if call.input_tokens is not None]
        values = {
            "state": AgentRun.State.FINISHED,
            "step": AgentRun.Step.SETTLE,
            "outcome": self.outcome,
            "reason": self.reason[:500],
            "failure": self.failure,
            "finished_at": self.now,
            "changes": list(self.changes),
            "refused": list(self.refused),
            "flags": list(self.flags),
            "timings": list(self.timings),
            "call_count": len(self._made),
            "input_tokens": sum(c.input_tokens or 0 for c in known) if known else None,
            "output_tokens": sum(c.output_tokens or 0 for c in known) if known else None,
            "cost": _cost(self._made),
            "is_cost_assumed": any(call.is_price_assumed for call in self._made),
        }
        rows = AgentRun.objects.filter(pk=self.run.pk, state__in=AgentRun.ACTIVE)
        if not rows.update(**values):
            raise Conflict(_("This run has finished already."), run=str(self.run.pk))
        for name, value in values.items():
            setattr(self.run, name, value)

    def _write_calls(self) -> None:
        ModelCall.objects.bulk_create(
            (
                ModelCall(
                    run=self.run,
                    number=call.number,
                    mission_id=self.run.mission_id,
                    agent_id=self.run.agent_id,
                    model=self.run.model,
                    started_at=(began := datetime.fromtimestamp(call.started_at, UTC)),
                    day=began.date(),
                    seconds=call.seconds,
                    status=call.status,
                    input_tokens=call.input_tokens,
                    output_tokens=call.output_tokens,
                    cached_tokens=call.cached_tokens,
                    cache_write_tokens=call.cache_write_tokens,
                    cost=call.dollars,
                    input_price=_decimal(call.input_price),
                    output_price=_decimal(call.output_price),
                    is_price_assumed=call.is_price_assumed,
                    is_estimated=call.is_estimated,
                    finish_reason=(call.finish_reason or "")[:40],
                    is_complete=call.is_complete,
                    failure=call.failure or "",
                    detail=scrub(call.detail)[:500],
                )
                for call in self._made
            ),
            ignore_conflicts=True,
        )

    def _learnt(self, agent: Agent) -> dict[str, object]:
        """Return what the agent need not look at again."""
        if self.outcome not in scheduling.CONCLUSIVE or not self.run.fingerprint:
            return {}
        learnt: dict[str, object] = {"fingerprint": self.run.fingerprint}
        if self.outcome != Outcome.REJECTED:
            # What a rejected run was told, it has written down nowhere: it is told again.
            learnt["seen_seq"] = max(agent.seen_seq, self.run.seen_seq)
        return learnt


def _cost(calls: Sequence[CallRecord]) -> Decimal | None:
    """Return what the calls cost: nothing where there are none, ``None`` where nobody knows."""
    known = [call.dollars for call in calls if call.dollars is not None]
    return sum(known, Decimal(0)) if known or not calls else None


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def rest(
    agent: Agent,
    outcome: str,
    *,
    reason: str,
    now: datetime,
    failure: str = "",
    wait: float = 0,
    learnt: Mapping[str, object] = {},
) -> None:
    """Say what the agent does after a run with ``outcome``; ``learnt`` are further columns."""
    shortest, longest = bounds_of(agent)
    following = scheduling.after_run(
        outcome,
        scheduling.Standing(
            interval=agent.interval,
            shortest=shortest,
            longest=longest,
            failure_count=agent.failure_count,
            is_stopping=agent.is_stopping or not registry.of(agent).is_available,
            is_dirty=agent.is_dirty,
            gather=_gather(agent),
            failure=failure,
            wait=wait,
            chance=random.random(),  # noqa: S311 - it spreads agents, it hides nothing
        ),
        now=now,
    )
    trigger = AgentRun.Trigger.CHANGE if agent.is_dirty else AgentRun.Trigger.SCHEDULE
    agent.move_to(
        following.state,
        reason=reason[:300],
        now=now,
        interval=following.interval,
        next_run_at=following.next_run_at,
        next_trigger=trigger,
        failure_count=following.failure_count,
        is_stopping=False,
        is_dirty=False,
        **learnt,
    )


def _gather(agent: Agent) -> timedelta:
    """Return how long what changed during the run waits for more: a person's change does not."""
    person = agent.undisturbed_since
    if is_free(agent.model or agent.mission.model) or (person and person >= agent.state_changed_at):
        return timedelta()
    return scheduling.GATHER


def waiting() -> str:
    """Return why an agent in review mode does nothing while a proposal of its is open."""
    return _("it waits for your decision about what it proposes")


@dataclass(frozen=True, kw_only=True)
class SkipRun(BaseService[None]):
    """Finish a queued run that had no reason to begin; a streak of them is one row with a count.

    Raises:
        Conflict: it is not queued any more.
    """

    operation = "agents.run.skip"
    run: AgentRun
    reason: str
    now: datetime

    def _perform(self) -> None:
        with turn(self.run.mission_id):
            newest = AgentRun.objects.filter(agent_id=self.run.agent_id).exclude(pk=self.run.pk)
            rows = newest.order_by("-queued_at").values_list("pk", "outcome", "count")[:1]
            streak = [(pk, count) for pk, outcome, count in rows if outcome == Outcome.SKIPPED]
            queued = AgentRun.objects.filter(pk=self.run.pk, state=AgentRun.State.QUEUED)
            if not queued.update(
                state=AgentRun.State.FINISHED,
                outcome=Outcome.SKIPPED,
                reason=self.reason,
                fingerprint=self.run.fingerprint,
                finished_at=self.now,
                count=1 + sum(count for _pk, count in streak),
            ):
                raise Conflict(_("This run is not queued any more."), run=str(self.run.pk))
            # A skipped run has no calls: there is nothing that would have to go with it.
            for pk, _count in streak:
                alone = AgentRun.objects.filter(pk=pk)
                alone._raw_delete(alone.db)  # noqa: SLF001
            agent = Agent.objects.select_related("mission").get(pk=self.run.agent_id)
            skipped = measures.RUNS.labels(agent.role, Outcome.SKIPPED)
            transaction.on_commit(skipped.inc, robust=True)
            rest(agent, Outcome.SKIPPED, reason=self.reason, now=self.now)
            announce.agent_changed(agent, now=self.now)


@dataclass(frozen=True, kw_only=True)
class RequeueRun(BaseService[AgentRun]):
    """Put a run back into the queue: its files are leased, or a person is writing in them."""

    operation = "agents.run.requeue"
    run: AgentRun
    reason: str
    until: datetime
    now: datetime

    def _perform(self) -> AgentRun:
        with turn(self.run.mission_id):
            rows = AgentRun.objects.filter(pk=self.run.pk, state=AgentRun.State.RUNNING)
            if not rows.update(
                state=AgentRun.State.QUEUED,
                step=AgentRun.Step.CLAIM,
                not_before=max(self.until, self.now + timedelta(milliseconds=100)),
                worker="",
            ):
                raise Conflict(_("This run is not at work."), run=str(self.run.pk))
            release_lease(self.run.pk, now=self.now)
            agent = Agent.objects.get(pk=self.run.agent_id)
            agent.move_to(Agent.State.QUEUED, reason=self.reason, now=self.now)
            announce.agent_changed(agent, now=self.now)
        return self.run


@dataclass(frozen=True, kw_only=True)
class SettleMission(BaseService[bool]):
    """Let a mission rest when none of its running agents has anything to do.

    Evidence: every one of them is waiting for its next look or rests already, and would look at
    exactly what its last finished run looked at, or waits for a person's decision. One that only
    a person can help (it goes in a circle, its key is refused) is waited for by nobody.
    """

    operation = "agents.mission.settle"
    mission: Mission
    now: datetime

    def _perform(self) -> bool:
        with turn(self.mission.pk):
            agents = list(
                Agent.objects.select_for_update(no_key=True)
                .filter(mission=self.mission)
                .exclude(state=Agent.State.STOPPED)
            )
            agents = [agent for agent in agents if not agent.is_held]
            awake = [agent for agent in agents if agent.state != Agent.State.SETTLED]
            if {agent.state for agent in awake} != {Agent.State.IDLE}:
                return False
            undecided = awaiting_decision(agents)
            if not self._nobody_has_work([one for one in agents if one.pk not in undecided]):
                return False
            for agent in awake:
                waits = agent.pk in undecided
                agent.move_to(
                    Agent.State.SETTLED,
                    reason=waiting() if waits else _("nobody has anything to do"),
                    now=self.now,
                    next_run_at=None,
                )
                announce.agent_changed(agent, now=self.now)
            announce.mission_changed(
                self.mission.pk, state=self.mission.state, title=self.mission.title, now=self.now
            )
        return True

    def _nobody_has_work(self, agents: Sequence[Agent]) -> bool:
        files = files_of(self.mission.pk)
        agents = [agent for agent in agents if registry.of(agent).is_available]
        return all(
            agent.fingerprint
            and agent.fingerprint
            == fingerprint(agent, registry.of(agent), mission=self.mission, files=files)
            for agent in agents
        )
