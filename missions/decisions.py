"""Decisions about proposals: the one place where one that waits is decided, file by file.

Each decision is a conditional update of the files that still wait, with the mission's row locked,
so that of two people who decide at once one is told so. A proposal is decided with its last file.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import groupby

from django.utils.translation import gettext as _

from missions import events, hooks
from missions.models import Mission, Proposal, ProposalFile
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict

State = Proposal.State
FileState = ProposalFile.State


class AlreadyDecided(Conflict):
    """Someone, or time, decided this before."""

    code = "already_decided"


def check_undecided(proposal: Proposal) -> None:
    """Refuse what was decided before.

    Raises:
        AlreadyDecided: the proposal is not open.
    """
    if proposal.state != State.OPEN:
        state = {"state": proposal.get_state_display()}
        raise AlreadyDecided(_("This proposal is %(state)s already.") % state)


def decide(
    proposal: Proposal,
    paths: Collection[str],
    state: ProposalFile.State,
    *,
    now: datetime,
    user: User | None = None,
) -> None:
    """Decide some files of a proposal and tell everyone; inside a transaction, as its last step.

    Raises:
        AlreadyDecided: one of them is decided, or is none of the proposal's.
    """
    _lock(proposal)
    decision = {"state": state.value, "decided_at": now, "decided_by": user}
    files = ProposalFile.objects.filter(proposal=proposal, state=FileState.OPEN)
    if files.filter(path__in=paths).update(**decision) != len(paths):
        raise AlreadyDecided(_("Someone else has just decided this."))
    _conclude(proposal, state, now=now, user=user)
    data = {"proposal": proposal.pk, "state": proposal.state}
    events.publish(proposal.mission_id, "proposal.changed", data, at=now)


def close(
    proposals: Iterable[Proposal],
    state: ProposalFile.State,
    *,
    now: datetime,
    user: User | None = None,
) -> None:
    """Decide what still waits of open proposals; inside a transaction, as its last step."""
    for proposal in proposals:
        _lock(proposal)
        waiting = ProposalFile.objects.filter(proposal=proposal, state=FileState.OPEN)
        paths = list(waiting.values_list("path", flat=True))
        decide(proposal, paths, state, now=now, user=user)


def supersede(newer: Proposal, *, now: datetime) -> None:
    """Close what older proposals of the same agent want of the files of a newer one.

    The newer one starts from a later text, and one decision a file is what a person expects. What
    the older ones wanted stays readable in them.
    """
    waiting = ProposalFile.objects.filter(
        proposal__mission_id=newer.mission_id,
        proposal__role=newer.role,
        state=FileState.OPEN,
        path__in=newer.files.values("path"),
    ).exclude(proposal=newer)
    rows = waiting.select_related("proposal").order_by("proposal_id")
    for _pk, files in groupby(rows, key=lambda file: file.proposal_id):
        older = list(files)
        paths = [file.path for file in older]
        decide(older[0].proposal, paths, FileState.SUPERSEDED, now=now)


def state_of(states: Collection[str], last: str) -> Proposal.State:
    """Return the state of a proposal from those of its files; ``last`` was the last decision."""
    if FileState.OPEN in states:
        return State.OPEN
    if FileState.ACCEPTED not in states:
        return State(last)
    return State.ACCEPTED if set(states) == {FileState.ACCEPTED} else State.PARTLY


def _lock(proposal: Proposal) -> None:
    """Keep others from deciding in this mission until the end of the transaction.

    It is the mission's row, as in a landing: two orders of locks would be a deadlock.
    """
    Mission.objects.select_for_update(no_key=True).get(pk=proposal.mission_id)


def _conclude(proposal: Proposal, last: str, *, now: datetime, user: User | None) -> None:
    states = set(proposal.files.order_by().values_list("state", flat=True))
    state = state_of(states, last)
    if state != State.OPEN:
        proposal.move_to(state, now=now, user=user)
        decided = hooks.Decided(mission=proposal.mission, role=proposal.role, now=now)
        for hook in hooks.on_decided:
            hook(decided)
