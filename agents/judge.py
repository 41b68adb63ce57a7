"""Step 7 of a cycle: what of a run's result may land.

The evidence is what the engine's protocol, the gateway's records and the bytes in the staging
folder say; never what Aider or the model say of themselves.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from agents.aider.protocol import EngineResult
from agents.gateway.client import RESTARTED
from agents.gateway.protocol import Allowance, RunReport
from agents.models import AgentRun, Failure
from agents.reasons import in_words, with_advice
from agents.roles.base import RunFiles
from agents.roles.patterns import matches_any
from missions.content import decode
from missions.landing import Change
from missions.models import Proposal
from missions.paths import validate_path
from missions.staging import Staged
from parallagon.core.errors import ParallagonError
from parallagon.core.files import read_contained

ENGINE_FAILURES: Final[Mapping[str, str]] = {
    "crashed": Failure.ENGINE_DIED,
    "unavailable": Failure.ENGINE_UNAVAILABLE,
}
SHRUNK_FROM: Final = 1500
SHRUNK_TO: Final = 0.4
"""A file of at least so many characters that keeps less than this share needs a person's eye."""

Outcome = AgentRun.Outcome


class Ended(Exception):  # noqa: N818 - it is not always an error
    """The cycle ends here with ``outcome``; the message is the reason, in words.

    ``failure`` names what went wrong, ``wait`` how many seconds are to be waited because of it.
    """

    def __init__(
        self,
        outcome: str,
        reason: str,
        *,
        failure: str = "",
        wait: float = 0,
        refused: tuple[Mapping[str, str], ...] = (),
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.failure = failure
        self.wait = wait
        self.refused = refused


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The changes that may land, or must be proposed for the given reason."""

    changes: tuple[Change, ...]
    propose: Proposal.Reason | None


def require_complete(
    result: EngineResult, report: RunReport, *, cause: str, allowance: Allowance
) -> None:
    """Raise ``Ended`` unless the run ended by protocol and every reply arrived whole.

    ``cause`` is why the worker itself ended the run, if it did: "cancelled", "lost", "void",
    "budget". A child that was ended makes its run void too, so how the engine ended it comes first.
    """
    if cause == "cancelled":
        raise Ended(Outcome.CANCELLED, result.reason)
    if cause == "budget":
        raise Ended(Outcome.STOPPED_BUDGET, result.reason, failure=Failure.OVER_BUDGET)
    if cause == "lost" or result.status in ENGINE_FAILURES:
        failure = ENGINE_FAILURES.get(result.status, Failure.WORKER_LOST)
        raise Ended(Outcome.FAILED, in_words(result.reason), failure=failure)
    if result.status == "timed_out":
        reason = in_words(result.reason)
        raise Ended(Outcome.TIMED_OUT, reason, failure=Failure.RUN_TIMED_OUT)
    if report.void:
        raise _void(report, report.void, allowance)
    if result.status != "completed":
        raise Ended(Outcome.FAILED, in_words(result.reason), failure=Failure.UNEXPECTED)
    if not report.calls:
        reason = _("Aider ended without asking the model.")
        raise Ended(Outcome.FAILED, reason, failure=Failure.NO_CALL)


def _void(report: RunReport, void: str, allowance: Allowance) -> Ended:
    """Say how a run ends of which nothing may be taken."""
    failure = _failure_of(report)
    if failure == Failure.OVER_ALLOWANCE and len(report.calls) <= allowance.calls:
        # A mission that used up its day, not one run that asks and asks.
        return Ended(Outcome.STOPPED_BUDGET, in_words(void), failure=Failure.OVER_BUDGET)
    wait = max((call.retry_after or 0 for call in report.calls), default=0)
    return Ended(Outcome.FAILED, with_advice(failure, void), failure=failure, wait=wait)


def _failure_of(report: RunReport) -> str:
    """Return why a run is void: the call that made it so carries the same sentence."""
    if report.void == RESTARTED:
        return Failure.GATEWAY_LOST
    failed = [call for call in report.calls if call.failure]
    failed.sort(key=lambda call: call.detail != report.void)
    return next((call.failure for call in failed if call.failure), Failure.UNEXPECTED)


def judge(
    result: EngineResult,
    *,
    staged: Staged,
    staging: Path,
    files: RunFiles,
    may_shrink: bool = False,
) -> Judged:
    """Return what may land of the staging folder.

    A file that lost most of its text is proposed, not changed, unless it ``may_shrink``.

    Raises:
        Ended: ``rejected``, with every refused path, when the run touched what it does not own
            or wrote what a mission's file cannot be; ``failed`` when some edits did not apply
            or the reply's were in another format.
    """
    refused = [{"path": edit.path, "reason": edit.reason} for edit in result.refused]
    changes = []
    for path in _paths(staging):
        try:
            change = _change(path, staged=staged, staging=staging, files=files)
        except ParallagonError as error:
            refused.append({"path": path, "reason": error.message})
            continue
        if change:
            changes.append(change)
    if refused:
        names = ", ".join(entry["path"] for entry in refused[:3])
        reason = _("it tried to change what it may not: %(paths)s") % {"paths": names}
        raise Ended(Outcome.REJECTED, reason, refused=tuple(refused))
    if result.remark:
        # Aider applies the edits that match and asks for the others again, in vain this time:
        # a half of what the model meant is not taken.
        raise Ended(Outcome.FAILED, in_words(result.reason), failure=result.remark)
    propose = None if may_shrink else _suspicion(changes, staged)
    return Judged(changes=tuple(changes), propose=propose)


def _paths(staging: Path) -> Iterator[str]:
    """Yield everything in the folder that is not a real folder, links and FIFOs included."""
    for folder, names, others in os.walk(staging):
        for name in (*names, *others):
            path = Path(folder, name)
            if path.is_symlink() or not path.is_dir():
                yield path.relative_to(staging).as_posix()


def _change(path: str, *, staged: Staged, staging: Path, files: RunFiles) -> Change | None:
    """Return what became of one file, or ``None`` when it is as it was.

    Raises:
        ParallagonError: it may not be taken; the message says why.
    """
    content = read_contained(staging, path, limit=settings.PARALLAGON_MAX_FILE_SIZE)
    text = decode(content).text
    before = staged.files.get(path)
    if before is None:
        if not text:
            return None
        validate_path(path)
        if not matches_any(files.creatable, path):
            raise ParallagonError(_("the agent may not create this file"))
        return Change(path=path, text=text, base=None)
    if text == before.text:
        return None
    if not before.is_writable:
        raise ParallagonError(_("the agent may only read this file"))
    return Change(path=path, text=text, base=before.number, file=before.file)


def _suspicion(changes: list[Change], staged: Staged) -> Proposal.Reason | None:
    for change in changes:
        before = staged.files.get(change.path)
        if before is None or len(before.text) < SHRUNK_FROM:
            continue
        if len(change.text or "") < SHRUNK_TO * len(before.text):
            return Proposal.Reason.SHRUNK
    return None
