"""What a person decides about a run's result that could not land by itself."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from missions import events, selectors
from missions.authors import Author
from missions.landing import Change, Landing, LandingConflict, land
from missions.merge import merge
from missions.models import MissionFile, Proposal, ProposalFile
from missions.services.writing import check_open
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict
from parallagon.core.services import BaseService


class AlreadyDecided(Conflict):
    """Someone accepted or rejected the proposal before."""

    code = "already_decided"


@dataclass(frozen=True, kw_only=True)
class AcceptProposal(BaseService[Proposal]):
    """Land every file of a proposal, merged with what was written since, or none.

    The revisions are the agent's, as the text is; the proposal says who let them in.

    Raises (from ``execute``):
        LandingConflict: a file overlaps with what is there now; the details hold three texts.
        AlreadyDecided: it is not open.
    """

    operation = "missions.proposal.accept"
    proposal: Proposal
    user: User
    now: datetime

    def _validate_input(self) -> None:
        check_open(self.proposal.mission)
        check_undecided(self.proposal)

    def _perform(self) -> Proposal:
        land(
            self.proposal.mission,
            [_change(file) for file in self.proposal.files.all()],
            author=Author.agent(self.proposal.role, self.proposal.run_id),
            now=self.now,
            within=self._finish,
        )
        return self.proposal

    def _finish(self, landing: Landing) -> None:
        if landing.proposal:  # that is what becomes of a run's changes that overlap
            raise _conflict(self.proposal)
        decide(self.proposal, Proposal.State.ACCEPTED, user=self.user, now=self.now)


@dataclass(frozen=True, kw_only=True)
class RejectProposal(BaseService[Proposal]):
    """Set a proposal aside; what it wanted stays readable in it."""

    operation = "missions.proposal.reject"
    proposal: Proposal
    user: User
    now: datetime

    def _validate_input(self) -> None:
        check_undecided(self.proposal)

    def _perform(self) -> Proposal:
        with transaction.atomic():
            decide(self.proposal, Proposal.State.REJECTED, user=self.user, now=self.now)
        return self.proposal


def check_undecided(proposal: Proposal) -> None:
    """Refuse what was decided before.

    Raises:
        AlreadyDecided: the proposal is not open.
    """
    if proposal.state != Proposal.State.OPEN:
        state = {"state": proposal.get_state_display()}
        raise AlreadyDecided(_("This proposal is %(state)s already.") % state)


def decide(proposal: Proposal, state: Proposal.State, *, user: User, now: datetime) -> None:
    """Close a proposal by one conditional update and tell everyone; inside a transaction.

    Raises:
        AlreadyDecided: someone else was faster.
    """
    decision = {"state": state.value, "decided_at": now, "decided_by_id": user.pk}
    waiting = Proposal.objects.filter(pk=proposal.pk, state=Proposal.State.OPEN)
    if not waiting.update(**decision):
        raise AlreadyDecided(_("Someone else has just decided this."))
    for name, value in decision.items():
        setattr(proposal, name, value)
    data = {"proposal": proposal.pk, "state": state.value}
    events.publish(proposal.mission_id, "proposal.changed", data, at=now)


def _change(file: ProposalFile) -> Change:
    text = None if file.blob_id is None else selectors.blob_text(file.blob_id)
    return Change(path=file.path, text=text, base=file.base_number)


def _conflict(proposal: Proposal) -> LandingConflict:
    """Return the three texts of the first file that cannot be merged with what is there now."""
    files = list(proposal.files.all())
    conflicts = [_texts(proposal, file) for file in files]
    overlapping = (one for one in conflicts if not _merges(one))
    return next(overlapping, conflicts[0])


def _texts(proposal: Proposal, file: ProposalFile) -> LandingConflict:
    now = MissionFile.objects.filter(mission_id=proposal.mission_id, path=file.path)
    current = now.present().select_related("current__user").first()
    revision = current.current if current else None
    mine, base = _change(file), file.base_id and selectors.blob_text(file.base_id)
    return LandingConflict(
        file.path,
        base={"revision": file.base_number, "text": base},
        theirs={
            "revision": revision.number if revision else 0,
            "text": selectors.text_of(revision) if revision else None,
            "author": Author.of(revision).as_data() if revision else None,
        },
        mine={"text": mine.text},
    )


def _merges(conflict: LandingConflict) -> bool:
    base, theirs, mine = (conflict.details[side]["text"] for side in ("base", "theirs", "mine"))
    if theirs == base or mine in (base, theirs):
        return True
    return None not in (base, theirs, mine) and merge(base, theirs, mine).text is not None
