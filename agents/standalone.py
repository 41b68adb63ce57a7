"""One mission's team without beat, broker, Redis or web: a dispatcher and a few threads.

It works beside a running installation: runs are claimed in the database, so that each is carried
out once, here or there.
"""

import threading
import time
from collections.abc import Callable, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final
from uuid import UUID

from django.db import connections
from django.utils import timezone

from agents.cycle import run_cycle
from agents.models import Agent, AgentRun
from agents.services import CancelRun, Dispatch, MarkSent, ReapRun, StartMission, StopAgent
from agents.services.reap import silent_runs
from agents.workshop import Workshop
from missions.models import Mission
from parallagon.core.errors import Conflict

LOOK_SECONDS: Final = 0.2
REAP_SECONDS: Final = 10.0
MOST_FAILURES: Final = 3
State = Agent.State


class Ending(IntEnum):
    """Why the team went home; the number is the exit code of a program."""

    SETTLED = 0
    BUDGET = 2
    FAILURES = 3
    TIMEOUT = 4
    INTERRUPTED = 130


@dataclass(kw_only=True)
class Standalone:
    """Lets a mission's team work until there is a reason to end, and leaves agents as they were.

    ``stop`` ends it from outside; ``on_run`` hears of each run that this process carried out and
    that came to an end, ``on_look`` several times a second how the agents are.
    """

    mission: Mission
    workshop: Workshop
    threads: int
    until_settled: bool
    seconds: float | None
    stop: threading.Event
    on_run: Callable[[AgentRun], None]
    on_look: Callable[[Sequence[Agent]], None]
    _at_work: dict[UUID, Future[None]] = field(default_factory=dict, init=False)
    _reaped_at: float = field(default=0.0, init=False)

    def work(self) -> Ending:
        """Start every agent, work, and stop those that did not run before.

        Raises:
            Conflict: the mission was put away.
        """
        awake = self.mission.agents.exclude(state=State.STOPPED)
        awake_before = set(awake.values_list("pk", flat=True))
        StartMission(mission=self.mission, now=timezone.now()).execute()
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="cycle")
        try:
            return self._work(pool)
        finally:
            self._hand_back()
            self._stop_all_but(awake_before)
            self._cancel()
            pool.shutdown()
            self._stop_all_but(awake_before)  # who began or ended just when it was to be stopped
            self._collect()

    def _work(self, pool: ThreadPoolExecutor) -> Ending:
        deadline = None if self.seconds is None else time.monotonic() + self.seconds
        while not self.stop.is_set():
            if deadline is not None and time.monotonic() >= deadline:
                return Ending.TIMEOUT
            for run_id in Dispatch(now=timezone.now(), mission_id=self.mission.pk).execute():
                if run_id not in self._at_work:
                    self._at_work[run_id] = pool.submit(self._carry_out, run_id)
            self._reap()
            self._collect()
            team = list(self.mission.agents.exclude(state=State.STOPPED))
            self.on_look(team)
            if not self._at_work and (ending := self._ending(team)) is not None:
                return ending
            self.stop.wait(LOOK_SECONDS)
        return Ending.INTERRUPTED

    def _carry_out(self, run_id: UUID) -> None:
        try:
            run_cycle(run_id, workshop=self.workshop)
        finally:
            connections.close_all()

    def _collect(self) -> None:
        """Tell of the runs that have ended; one that was put back comes again by itself."""
        for run_id in [run_id for run_id, future in self._at_work.items() if future.done()]:
            future = self._at_work.pop(run_id)
            if not future.cancelled():
                future.result()
            run = AgentRun.objects.select_related("agent").filter(pk=run_id).first()
            if run and run.state == AgentRun.State.FINISHED:
                self.on_run(run)

    def _reap(self) -> None:
        """End the runs of this mission whose worker, of any process, is dead."""
        if time.monotonic() - self._reaped_at < REAP_SECONDS:
            return
        self._reaped_at = time.monotonic()
        for run in silent_runs(now=timezone.now()):
            if run.mission_id == self.mission.pk and run.pk not in self._at_work:
                with suppress(Conflict):  # someone else has just ended it
                    ReapRun(run=run, now=timezone.now()).execute()

    def _ending(self, agents: Sequence[Agent]) -> Ending | None:
        """Say why nobody will go on, if so."""
        states = {agent.state for agent in agents}
        if states & {State.QUEUED, State.RUNNING} or any(is_called(agent) for agent in agents):
            return None
        if State.PAUSED_BUDGET in states:
            return Ending.BUDGET
        if not agents or any(is_stuck(agent) for agent in agents):
            return Ending.FAILURES
        return Ending.SETTLED if self.until_settled and states == {State.SETTLED} else None

    def _hand_back(self) -> None:
        """Give the runs that nobody began to whoever dispatches next."""
        waiting = [run_id for run_id, future in self._at_work.items() if future.cancel()]
        MarkSent(run_ids=waiting).execute()
        for run_id in waiting:
            del self._at_work[run_id]

    def _stop_all_but(self, awake: Set[int]) -> None:
        for agent in self.mission.agents.exclude(pk__in=awake).select_related("mission"):
            with suppress(Conflict, AgentRun.DoesNotExist):  # its run has just begun or ended
                StopAgent(agent=agent, now=timezone.now()).execute()

    def _cancel(self) -> None:
        """End the runs that are at work here."""
        for run in AgentRun.objects.filter(pk__in=self._at_work).select_related("mission"):
            with suppress(Conflict):  # it has just ended by itself
                CancelRun(run=run, now=timezone.now()).execute()


def is_called(agent: Agent) -> bool:
    """Tell whether an agent is about to look because something changed."""
    return agent.state == State.IDLE and agent.next_trigger == AgentRun.Trigger.CHANGE


def is_stuck(agent: Agent) -> bool:
    """Tell whether only a person can help an agent, or time that nobody knows."""
    if agent.state == State.PAUSED_BREAKER:
        return True
    gives_up = agent.next_run_at is None or agent.failure_count >= MOST_FAILURES
    return agent.state == State.BACKING_OFF and gives_up


def is_at_rest(agent: Agent) -> bool:
    """Tell whether an agent has nothing to do until something changes."""
    return agent.state in (State.SETTLED, State.PAUSED_BUDGET) or is_stuck(agent)
