"""One run, read from top to bottom.

Claim, worth it?, lease, stage, reserve, work, judge, land, settle.

A cycle is a transaction: Aider works on a private copy, and what it made lands whole or not at
all. Every step either goes on or raises ``Ended`` (an outcome and its reason) or ``PutBack``.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from agents import announce, scheduling
from agents.budget import BudgetHeld, BudgetReached, is_free, keep, reserve
from agents.circuits import guarded
from agents.fingerprint import FileState, files_of, fingerprint
from agents.gateway.models import resolve
from agents.gateway.protocol import Allowance, GatewayError, RegistrationRefused, Upstream
from agents.judge import Ended, Judged, judge, require_complete
from agents.models import Agent, AgentRun, Failure, Instruction
from agents.replay import recorded
from agents.roles import registry
from agents.roles.base import AiderAgent
from agents.runlog import RunLog
from agents.selectors import (
    awaiting_decision,
    run_directory,
    staging_directory,
    writing_until,
)
from agents.services.control import drop_run
from agents.services.finish import SettleMission, waiting
from agents.settle import HandedBack, PutBack, Settlement
from agents.work import Done, work
from agents.workshop import Workshop
from missions.cache import CachedStore
from missions.landing import Author, land
from missions.leases import take_lease
from missions.locks import RunLock
from missions.models import Lease, Mission, Proposal
from missions.staging import Staged, stage
from missions.turns import turn
from parallagon.core import telemetry
from parallagon.core.errors import Conflict, LockError, ParallagonError, ValidationError
from parallagon.core.logging import log_context

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Outcome = AgentRun.Outcome
Step = AgentRun.Step

MOST_FLAGS = 20
LANDING_SECONDS = 30.0
"""How long a result that was paid for waits for the write lock, held for milliseconds by others."""


class Taken(Exception):  # noqa: N818 - it is not an error
    """Someone else has this run."""


def run_cycle(run_id: UUID, *, workshop: Workshop, clock: Clock = timezone.now) -> None:
    """Carry out one queued run; a run that is not queued any more is left alone."""
    queued = AgentRun.objects.filter(pk=run_id, state=AgentRun.State.QUEUED)
    run = queued.select_related("agent", "mission").first()
    if run is None:
        return
    ids = {"mission": run.mission_id, "agent": run.agent_id, "run": run.pk}
    # As a part of the message that brought it, or else of what woke the agent.
    origin = None if telemetry.carried() else run.origin
    with (
        log_context(**ids),
        translation.override(run.mission.language),
        telemetry.span("cycle", ids, origin=origin, is_run=True) as span,
    ):
        if not registry.of(run.agent).is_available:
            reason = _("this installation no longer has its role")
            drop_run(run, reason=reason, now=clock())
            return
        Cycle(run=run, workshop=workshop, clock=clock).perform()
        with telemetry.span("cycle.settle"):
            SettleMission(mission=run.mission, now=clock()).execute()
        span.note(role=run.agent.role, outcome=run.outcome, failure=run.failure or None)


@dataclass(kw_only=True)
class Cycle:
    """The steps after the claim, with what each learns."""

    run: AgentRun
    workshop: Workshop
    clock: Clock

    def __post_init__(self) -> None:
        self.agent: Agent = self.run.agent
        self.mission: Mission = self.run.mission
        self.role: AiderAgent = registry.of(self.agent)
        self.patterns = self.role.list_files()
        self.private = staging_directory(self.run.pk)
        self.instructions: list[Instruction] = []
        self.settlement = Settlement(run=self.run, clock=self.clock)

    def perform(self) -> None:
        """Go through the steps and finish the run, whatever happens."""
        lock = RunLock(self.run.pk)
        try:
            with self._step(Step.WORTH):
                files = self._worth_it()
            CachedStore().warm(file.blob for file in files if file.blob)
            with self._step(Step.CLAIM):
                self._claim(lock)
            with guarded(self.run, clock=self.clock):
                lease, judged = self._try(files)
            with self._step(Step.LAND):
                self._land(judged, lease)
        except Taken as taken:
            logger.info("%s", taken)
        except PutBack as back:
            self.settlement.put_back(back)
        except HandedBack as back:
            self.settlement.hand_back(str(back))
        except Ended as ended:
            self.settlement.end(ended)
        except Exception as error:
            logger.error("the cycle failed unexpectedly", exc_info=error)
            self.settlement.end(
                Ended(
                    Outcome.FAILED,
                    _("an unexpected error: %s") % type(error).__name__,
                    failure=Failure.UNEXPECTED,
                )
            )
        finally:
            lock.release()
            if self.run.state == AgentRun.State.FINISHED:
                RunLock.forget(self.run.pk)
            if self.settlement.log:
                self.settlement.log.close()
            shutil.rmtree(self.private, ignore_errors=True)

    def _try(self, files: Sequence[FileState]) -> tuple[Lease, Judged]:
        """Do what needs the model, from the lease to the verdict."""
        with self._step(Step.LEASE):
            lease = self._lease(files)
        with self._step(Step.STAGE):
            staged = self._stage()
        with self._step(Step.RESERVE):
            upstream, allowance = self._reserve(staged)
        with self._step(Step.WORK):
            done = self._work(staged, upstream, allowance)
        with self._step(Step.JUDGE):
            return lease, self._judge(done, staged, allowance)

    # -- steps 1 and 2 -------------------------------------------------------------------------

    def _worth_it(self) -> Sequence[FileState]:
        """Compare what the agent would look at with what its last finished run looked at.

        This only reads, and comes before the claim: a run that is not worth it is finished from
        the queue by one conditional update, in one transaction.
        """
        if self.run.is_cancel_requested:
            raise Ended(Outcome.CANCELLED, _("cancelled before it began"))
        asked = self.run.trigger == AgentRun.Trigger.PERSON
        if not asked and awaiting_decision([self.agent]):
            raise Ended(Outcome.SKIPPED, waiting())
        self.instructions = list(self.agent.instructions.unread())
        files = files_of(self.mission.pk)
        self.run.fingerprint = fingerprint(self.agent, self.role, mission=self.mission, files=files)
        if self.run.fingerprint == self.agent.fingerprint and not asked:
            raise Ended(Outcome.SKIPPED, _("nothing it watches has changed"))
        return files

    def _claim(self, lock: RunLock) -> None:
        """Move the run QUEUED → RUNNING by a conditional update.

        Raises:
            Taken: another worker, or a person who cancelled, was faster.
        """
        now = self.clock()
        self.run.model = self.agent.model or self.mission.model
        try:
            lock.acquire()
        except LockError as error:
            raise Taken(error.message) from error
        with turn(self.mission.pk):
            queued = AgentRun.objects.filter(pk=self.run.pk, state=AgentRun.State.QUEUED)
            if not queued.update(
                state=AgentRun.State.RUNNING,
                step=Step.LEASE,
                model=self.run.model,
                fingerprint=self.run.fingerprint,
                started_at=now,
                heartbeat_at=now,
                not_before=None,
                deadline_at=now + timedelta(seconds=settings.PARALLAGON_RUN_SECONDS),
            ):
                raise Taken("the run is not queued any more")
            self.run.started_at = now
            self.instructions = [one for one in self.instructions if self._is_shown(one)]
            self.agent.move_to(Agent.State.RUNNING, reason=_("at work"), now=now)

    def _is_shown(self, instruction: Instruction) -> bool:
        """Note that this run sees an instruction; one that was changed meanwhile waits its turn."""
        unread = Instruction.objects.filter(pk=instruction.pk, read_at=None)
        return bool(unread.filter(version=instruction.version).update(run=self.run))

    # -- step 3 --------------------------------------------------------------------------------

    def _lease(self, files: Sequence[FileState]) -> Lease:
        """Take the files it owns, against other agents; leave a writing person alone first."""
        now = self.clock()
        asked = self.run.trigger == AgentRun.Trigger.PERSON
        if not asked:
            self._leave_alone(files, now)
        try:
            with turn(self.mission.pk):
                lease = take_lease(
                    mission_id=self.mission.pk,
                    role=self.agent.role,
                    run_id=self.run.pk,
                    patterns=list(self.patterns.writes),
                    now=now,
                    ends_at=now + timedelta(seconds=settings.PARALLAGON_RUN_SECONDS + 60),
                )
                announce.run_started(self.run, now=now)
                announce.agent_changed(self.agent, now=now)
                self.mission.refresh_from_db(fields=["seq"])
                self.run.seen_seq = self.mission.seq
                AgentRun.objects.filter(pk=self.run.pk).update(
                    step=Step.WORK, seen_seq=self.run.seen_seq
                )
        except LockError as error:
            raise PutBack(error.message, until=self._later(now)) from error
        return lease

    def _leave_alone(self, files: Sequence[FileState], now: datetime) -> None:
        """Wait until a person has stopped typing in a file it owns or, where runs cost, watches."""
        watches = () if is_free(self.run.model) else self.patterns.watches
        for patterns, reason in (
            (self.patterns.writes, _("a person is writing in its file")),
            (watches, _("a person is writing in a file that it watches")),
        ):
            if until := writing_until(self.run, patterns, files, now=now):
                raise PutBack(reason, until=until)

    def _later(self, now: datetime) -> datetime:
        attempt = self.run.attempt + 1
        AgentRun.objects.filter(pk=self.run.pk).update(attempt=attempt)
        return now + scheduling.busy_backoff(attempt)

    # -- step 4 --------------------------------------------------------------------------------

    def _stage(self) -> Staged:
        """Copy what it may see into a private folder, under the mission's write lock."""
        (self.private / "files").mkdir(parents=True, mode=0o700)
        try:
            return stage(
                self.mission,
                into=self.private / "files",
                writes=self.patterns.writes,
                reads=(*self.patterns.watches, *self.patterns.reads),
                now=self.clock(),
            )
        except LockError as error:
            raise PutBack(error.message, until=self._later(self.clock())) from error
        except ParallagonError as error:
            raise Ended(Outcome.FAILED, error.message, failure=Failure.FILES_REFUSED) from error

    # -- step 5 --------------------------------------------------------------------------------

    def _reserve(self, staged: Staged) -> tuple[Upstream, Allowance]:
        """Find the model and set aside what a first call to it will cost."""
        try:
            upstream = resolve(self.run.model, self.workshop.environment)
        except GatewayError as error:
            raise Ended(Outcome.FAILED, str(error), failure=Failure.NOT_CONFIGURED) from error
        try:
            characters = sum(len(file.text) for file in staged.files.values())
            allowance = reserve(self.run, characters=characters, now=self.clock())
        except BudgetReached as error:
            raise Ended(
                Outcome.STOPPED_BUDGET, error.message, failure=Failure.OVER_BUDGET
            ) from error
        except BudgetHeld as error:
            reason = _("runs at work hold what is left of the budget")
            raise PutBack(reason, until=self._later(self.clock())) from error
        return upstream, allowance

    # -- step 6 --------------------------------------------------------------------------------

    def _work(self, staged: Staged, upstream: Upstream, allowance: Allowance) -> Done:
        """Let Aider work in the private folder."""
        log = self.settlement.log = RunLog(self.run, run_directory(self.run.pk))
        try:
            done = work(
                self.run,
                role=self.role,
                staged=staged,
                instructions=[one.text for one in self.instructions],
                private=self.private,
                upstream=upstream,
                allowance=allowance,
                workshop=self.workshop,
                log=log,
            )
        except RegistrationRefused as error:
            # Its key is missing, which the sentence names, or its folder cannot be written.
            is_key = (upstream.key_variable or "\0") in str(error)
            failure = Failure.NOT_CONFIGURED if is_key else Failure.FILES_REFUSED
            raise Ended(Outcome.FAILED, str(error), failure=failure) from error
        except GatewayError as error:
            raise Ended(Outcome.FAILED, str(error), failure=Failure.GATEWAY_LOST) from error
        keep(self.run, done.report)
        self.settlement.calls = done.report.calls
        if done.cause == "stopped":
            raise HandedBack(done.result.reason)
        return done

    # -- step 7 --------------------------------------------------------------------------------

    def _judge(self, done: Done, staged: Staged, allowance: Allowance) -> Judged:
        """Judge by evidence what may land, and keep what it takes to repeat the run."""
        staging = self.private / "files"
        with recorded(self.run, done, staged=staged, staging=staging):
            require_complete(done.result, done.report, cause=done.cause, allowance=allowance)
            judged = judge(
                done.result,
                staged=staged,
                staging=staging,
                files=self.role.run_files(staged.files),
                may_shrink=self.role.may_shrink,
            )
        written = {change.path: change.text for change in judged.changes if change.text}
        self.settlement.flags = self.role.review(done.context, written)[:MOST_FLAGS]
        return judged

    # -- step 8 --------------------------------------------------------------------------------

    def _land(self, judged: Judged, lease: Lease) -> None:
        """Land every change or none; the run is finished in the landing's own transaction."""
        if not judged.changes:
            raise Ended(Outcome.UNCHANGED, _("it had nothing to change"))
        try:
            land(
                self.mission,
                judged.changes,
                author=Author.agent(self.agent.role, self.run.pk),
                now=self.clock(),
                fence=lease.token,
                within=self.settlement.land,
                propose=judged.propose or self._review(),
                timeout=LANDING_SECONDS,
            )
        except ValidationError as error:
            refused = ({"path": str(error.details.get("path", "")), "reason": error.message},)
            raise Ended(Outcome.REJECTED, error.message, refused=refused) from error
        except Conflict as error:
            logger.info("the run was ended by someone else: %s", error)
        except ParallagonError as error:
            raise Ended(Outcome.FAILED, error.message, failure=Failure.FILES_REFUSED) from error

    def _review(self) -> Proposal.Reason | None:
        """Say whether a person wants to see the result first, as things are now."""
        review = Agent.objects.filter(pk=self.agent.pk, mode=Agent.Mode.REVIEW)
        return Proposal.Reason.REVIEW if review.exists() else None

    @contextmanager
    def _step(self, step: str) -> Iterator[None]:
        with (
            telemetry.span(f"cycle.{step}", foreseen=(Ended, PutBack, Taken)),
            self.settlement.steps.step(step),
        ):
            yield
