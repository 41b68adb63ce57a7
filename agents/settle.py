"""The last step of a cycle: the run gets its outcome, or goes back to the queue."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from agents.changes import describe, summarize
from agents.gateway.protocol import CallRecord, read_calls
from agents.judge import Ended
from agents.models import AgentRun
from agents.roles.base import Flag
from agents.runlog import RunLog
from agents.selectors import run_directory
from agents.services.finish import FinishRun, RequeueRun, SkipRun
from agents.services.hand_back import HandBackRun
from agents.steps import Steps
from missions.landing import Landing
from missions.models import Proposal
from parallagon.core.errors import Conflict
from parallagon.core.scrubbing import scrub

logger = logging.getLogger(__name__)
Outcome = AgentRun.Outcome


class PutBack(Exception):  # noqa: N818 - it is not an error
    """The run goes back to the queue until ``until``."""

    def __init__(self, reason: str, *, until: datetime) -> None:
        super().__init__(reason)
        self.reason = reason
        self.until = until


class HandedBack(Exception):  # noqa: N818 - it is not an error
    """The worker stops before the run has ended: another worker begins it anew."""


@dataclass(kw_only=True)
class Settlement:
    """Ends one run, once; a run that someone else has ended stays as it is."""

    run: AgentRun
    clock: Callable[[], datetime]
    log: RunLog | None = None
    calls: Sequence[CallRecord] | None = None
    """What the gateway told of the run's calls; until it has, what it wrote of them is read."""
    flags: Sequence[Flag] = ()

    def __post_init__(self) -> None:
        self.steps = Steps(self.clock)

    def put_back(self, back: PutBack) -> None:
        try:
            RequeueRun(
                run=self.run, reason=back.reason, until=back.until, now=self.clock()
            ).execute()
        except Conflict as error:
            logger.info("the run had been ended by someone else: %s", error)

    def hand_back(self, reason: str) -> None:
        """Let another worker do it: what its calls cost is written down, nothing else."""
        try:
            HandBackRun(
                run=self.run, reason=reason, calls=self._calls(), now=self.clock()
            ).execute()
        except Conflict as error:
            logger.info("the run had been ended by someone else: %s", error)

    def end(self, ended: Ended) -> None:
        """Finish a run that lands nothing."""
        for entry in ended.refused:
            if self.log:
                self.log.write("log", f"Refused: {entry['path']} ({entry['reason']})\n")
        try:
            if ended.outcome == Outcome.SKIPPED:
                SkipRun(run=self.run, reason=ended.reason, now=self.clock()).execute()
            else:
                self._finish(
                    ended.outcome,
                    ended.reason,
                    failure=ended.failure,
                    wait=ended.wait,
                    refused=ended.refused,
                )
        except Conflict as error:
            logger.info("the run had been ended by someone else: %s", error)

    def land(self, landing: Landing) -> None:
        """Finish a run inside the transaction of its landing.

        Raises:
            Conflict: someone else has ended it; the landing is undone.
        """
        if landing.proposal:
            reason = Proposal.Reason(landing.proposal.reason).label
            self._finish(Outcome.PROPOSED, str(reason))
        elif landing.revisions:
            changes = summarize(landing.revisions)
            self._finish(Outcome.CHANGED, describe(changes), changes=changes)
        else:
            self._finish(Outcome.UNCHANGED, _("others had already written the same"))

    def _finish(
        self,
        outcome: str,
        reason: str,
        *,
        failure: str = "",
        wait: float = 0,
        changes: Sequence[Mapping[str, Any]] = (),
        refused: Sequence[Mapping[str, str]] = (),
    ) -> None:
        FinishRun(
            run=self.run,
            outcome=outcome,
            reason=scrub(reason),  # it may repeat what a provider said
            failure=failure,
            wait=wait,
            calls=self._calls(),
            changes=changes,
            refused=refused,
            flags=[asdict(flag) for flag in self.flags],
            timings=self.steps.to_json(),
            now=self.clock(),
        ).execute()

    def _calls(self) -> Sequence[CallRecord]:
        return read_calls(run_directory(self.run.pk)) if self.calls is None else self.calls
