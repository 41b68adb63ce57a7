"""What becomes of a run's result that could not land by itself: a person decides, or time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from missions import decisions
from missions.authors import Author
from missions.decisions import check_undecided, decide
from missions.landing import Change, Landing, LandingConflict, land
from missions.models import Proposal, ProposalFile
from missions.services.prospects import Prospect, Resolved, prospects_of, text_of
from missions.services.writing import check_open, check_size
from missions.turns import turn
from parallagon.accounts.models import User
from parallagon.core.errors import ParallagonError, ValidationError
from parallagon.core.services import BaseService

FileState = ProposalFile.State


@dataclass(frozen=True, kw_only=True)
class AcceptProposal(BaseService[Proposal]):
    """Land files of a proposal (all that wait, unless named), merged with what came since.

    All of them or none. The revisions are the agent's, as the text is; the proposal says who let
    them in. A file that a person finished (``resolved``) is that person's.

    Raises (from ``execute``):
        LandingConflict: a file overlaps with what is there now; the details hold three texts.
        AlreadyDecided: the proposal, or one of the files, does not wait any more.
        ValidationError: a file is named that is none of the proposal's.
    """

    operation = "missions.proposal.accept"
    proposal: Proposal
    user: User
    now: datetime
    files: Collection[str] | None = None
    resolved: Mapping[str, Resolved] = field(default_factory=dict)

    def _validate_input(self) -> None:
        check_open(self.proposal.mission)
        check_undecided(self.proposal)
        for resolved in self.resolved.values():
            check_size(resolved.text)

    def _perform(self) -> Proposal:
        chosen = waiting_files(self.proposal, self.files)
        if strange := sorted(self.resolved.keys() - {file.path for file in chosen}):
            raise _not_chosen(strange)
        land(
            self.proposal.mission,
            [self._change(file) for file in chosen],
            author=Author.agent(self.proposal.role, self.proposal.run_id),
            now=self.now,
            within=lambda landing: self._finish(landing, chosen),
        )
        return self.proposal

    def _change(self, file: ProposalFile) -> Change:
        finished = self.resolved.get(file.path)
        if finished is None:
            return Change(path=file.path, text=text_of(file.blob_id), base=file.base_number)
        author = Author.person(self.user)
        return Change(path=file.path, text=finished.text, base=finished.base, author=author)

    def _finish(self, landing: Landing, chosen: Sequence[ProposalFile]) -> None:
        if landing.proposal:  # that is what becomes of a run's changes that overlap
            raise self._conflict(chosen)
        paths = [file.path for file in chosen]
        decide(self.proposal, paths, FileState.ACCEPTED, now=self.now, user=self.user)

    def _conflict(self, chosen: Sequence[ProposalFile]) -> LandingConflict:
        """Return the three texts of the first file that cannot be merged with what is there now."""
        prospects = prospects_of(self.proposal, chosen, self.resolved)
        return as_conflict(next((one for one in prospects if not one.is_clean), prospects[0]))


@dataclass(frozen=True, kw_only=True)
class RejectProposal(BaseService[Proposal]):
    """Set files of a proposal aside (all that wait, unless named); they stay readable in it.

    Raises (from ``execute``):
        AlreadyDecided: the proposal, or one of the files, does not wait any more.
        ValidationError: a file is named that is none of the proposal's.
    """

    operation = "missions.proposal.reject"
    proposal: Proposal
    user: User
    now: datetime
    files: Collection[str] | None = None

    def _validate_input(self) -> None:
        check_undecided(self.proposal)

    def _perform(self) -> Proposal:
        paths = [file.path for file in waiting_files(self.proposal, self.files)]
        with turn(self.proposal.mission_id):
            decide(self.proposal, paths, FileState.REJECTED, now=self.now, user=self.user)
        return self.proposal


@dataclass(frozen=True, kw_only=True)
class ExpireProposals(BaseService[int]):
    """Close the proposals that nobody decided for ``PARALLAGON_PROPOSAL_DAYS``; return how many.

    Zero days keep them for ever. What they wanted stays readable in them.
    """

    operation = "missions.proposal.expire"
    now: datetime

    def _perform(self) -> int:
        days = settings.PARALLAGON_PROPOSAL_DAYS
        if not days:
            return 0
        open_ones = Proposal.objects.filter(state=Proposal.State.OPEN)
        old = open_ones.filter(created_at__lte=self.now - timedelta(days=days))
        return sum(self._expire(proposal) for proposal in old.order_by("created_at").iterator())

    def _expire(self, proposal: Proposal) -> bool:
        try:
            with turn(proposal.mission_id):
                decisions.close([proposal], FileState.EXPIRED, now=self.now)
        except decisions.AlreadyDecided:  # someone was faster
            return False
        return True


def waiting_files(proposal: Proposal, paths: Collection[str] | None) -> list[ProposalFile]:
    """Return the files of a proposal that are to be decided: all that wait, unless named.

    Raises:
        ValidationError: one is named that is none of the proposal's.
        AlreadyDecided: one is named that was decided before.
    """
    files = {file.path: file for file in proposal.files.all()}
    if paths is None:
        return [file for file in files.values() if file.state == FileState.OPEN]
    if strange := sorted(set(paths) - files.keys()):
        raise _not_chosen(strange)
    chosen = [files[path] for path in sorted(set(paths))]
    for file in chosen:
        if file.state != FileState.OPEN:
            state = {"path": file.path, "state": file.get_state_display()}
            raise decisions.AlreadyDecided(_("%(path)s is %(state)s already.") % state)
    return chosen


def as_conflict(prospect: Prospect) -> LandingConflict:
    """Return what a person needs to put three texts together."""
    theirs = prospect.theirs
    return LandingConflict(
        prospect.path,
        base={"revision": prospect.base, "text": prospect.base_text},
        theirs={
            "revision": theirs.number if theirs else 0,
            "text": prospect.their_text,
            "author": Author.of(theirs).as_data() if theirs else None,
        },
        mine={"text": prospect.my_text},
    )


def _not_chosen(paths: list[str]) -> ParallagonError:
    sentence = _("%(path)s is none of the files to decide.") % {"path": paths[0]}
    return ValidationError(sentence, paths=paths)
