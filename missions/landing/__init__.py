"""The one way in for every change of a mission's files: person, agent, restore, import.

``land()`` reads from top to bottom as the eight steps that make a change safe: whoever is killed
between any two of them loses nothing that was acknowledged and leaves no half-written file.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from django.utils.translation import gettext_noop

from missions import measures
from missions.authors import Author
from missions.cache import CachedStore
from missions.content import encode_new
from missions.landing.behind import FolderEmptied, take_in
from missions.landing.commit import Transaction
from missions.landing.following import follow
from missions.landing.foreign import Found, TakeIn
from missions.landing.place import folder_of
from missions.landing.reconcile import Plan, Reconcile, check
from missions.landing.recovery import put_in_folder, recover, recover_all, roll_forward
from missions.landing.terms import Change, FileExists, Landing, LandingConflict
from missions.leases import StaleLease, covers
from missions.locks import LockLost, ensure_held, write_lock
from missions.models import Mission, Proposal, Revision
from missions.storage import BlobStore
from parallagon.core import telemetry
from parallagon.core.errors import ParallagonError, ValidationError

__all__ = [
    "Author",
    "Change",
    "FileExists",
    "FolderEmptied",
    "Landing",
    "LandingConflict",
    "StaleLease",
    "land",
    "recover",
    "recover_all",
    "take_in",
]

logger = logging.getLogger(__name__)
_TRIES = 3
_PURPOSES = {
    Revision.AuthorKind.PERSON: gettext_noop("a person's change"),
    Revision.AuthorKind.AGENT: gettext_noop("an agent's change"),
    Revision.AuthorKind.EXTERNAL: gettext_noop("another program's change"),
    Revision.AuthorKind.SYSTEM: gettext_noop("Parallagon's own change"),
}


@measures.landing
def land(
    mission: Mission,
    changes: Sequence[Change],
    *,
    author: Author,
    now: datetime,
    fence: int | None = None,
    within: Callable[[Landing], None] | None = None,
    propose: Proposal.Reason | None = None,
    allow_invalid: bool = False,
    timeout: float | None = None,
) -> Landing:
    """Land changes of one author, all of them or none.

    Args:
        mission: whose files they are.
        changes: at most one a path; a text that is current already makes no revision.
        author: who wrote them.
        now: the moment that revisions and events get.
        fence: the token of the lease under which a run wrote them.
        within: called last in the transaction, with the landing; what it raises undoes it all.
        propose: make a proposal of a run's changes instead of landing them.
        allow_invalid: let a person save a text that is not well-formed in its format.
        timeout: seconds to wait for the write lock; ``None`` waits ``PARALLAGON_LOCK_TIMEOUT``.

    Begun again from step 1 when the write lock turns out to have been lost.

    Raises:
        ValidationError: a path or text cannot be accepted; nothing was written.
        LandingConflict: a person's text overlaps with what others wrote; nothing was written.
        FileExists: a file would move, or come back, to where another one is; nothing was written.
        ResourceNotFoundError: there is nothing to move; nothing was written.
        StaleLease: the run no longer holds its files.
        LockError: the write lock was busy, or lost each time.
        FileOperationError: the folder or the disk refused; nothing was written.
    """
    _check_reason(author, changes, propose)
    allow_invalid = allow_invalid and not author.is_agent
    sent = check(changes, allow_invalid=allow_invalid)
    facts = {"mission": mission.pk, "author": author.kind, "run": author.run_id}
    with telemetry.span("landing", facts, foreseen=(ParallagonError,)):
        for _ in range(_TRIES - 1):
            try:
                return _land(
                    mission, sent, author, now, fence, within, propose, allow_invalid, timeout
                )
            except LockLost as error:
                logger.info("mission %s: a landing begins again: %s", mission.pk, error.message)
        return _land(mission, sent, author, now, fence, within, propose, allow_invalid, timeout)


def _land(
    mission: Mission,
    sent: Sequence[Change],
    author: Author,
    now: datetime,
    fence: int | None,
    within: Callable[[Landing], None] | None,
    propose: Proposal.Reason | None,
    allow_invalid: bool,
    timeout: float | None,
) -> Landing:
    store = CachedStore()
    _keep_ahead(store, sent)

    # 1. One writer at a time; readers never wait, they read what is current from the blobs.
    with write_lock(mission.pk, timeout=timeout, purpose=_PURPOSES[author.kind]):
        folder = folder_of(mission)
        # 2. First finish what a dead process left.
        expected = roll_forward(folder, store, now=now)
        # 3. What other programs wrote meanwhile is theirs, and comes first.
        take_in = TakeIn(folder=folder, store=store, now=now, expected=expected)
        wanted, found = _find(mission, sent, take_in)
        followed = {old.path: new.path for old, new in zip(sent, wanted, strict=True) if old != new}
        # 4. An older base is merged; what overlaps is shown to a person or proposed by an agent.
        reconcile = Reconcile(
            found=found,
            store=store,
            mission_id=mission.pk,
            allow_invalid=allow_invalid,
            leaving=frozenset(left for change in wanted if (left := change.leaves)),
        )
        plan = reconcile.plan(wanted)
        if followed and fence is not None and not covers(mission.pk, fence, [*followed.values()]):
            propose = propose or Proposal.Reason.MOVED
        reason = _reason_to_propose(author, plan, propose)
        # 5. The bytes, durably, before anything refers to them.
        _keep(store, plan, is_proposal=reason is not None)
        # 6. From the end of this transaction on it has landed, whoever finishes the rest.
        transaction = Transaction(
            mission=mission,
            author=author,
            now=now,
            writes=() if reason else plan.writes,
            drafts=plan.drafts if reason else (),
            reason=reason,
            paths=[change.path for change in (sent if reason else wanted)],
            fence=fence,
            within=within,
        )
        merged = frozenset() if reason else frozenset(plan.merged)
        ensure_held(mission.pk)  # told early; the numbers of revisions decide
        landing = transaction.commit(
            Landing(merged=merged, set_aside=found.set_aside, followed=followed)
        )
        # 7. and 8. Replace the files in the folder and close the record; frames left on commit.
        put_in_folder(folder, store, now=now)
    return landing


def _check_reason(
    author: Author, changes: Sequence[Change], propose: Proposal.Reason | None
) -> None:
    if propose and author.run_id is None:
        raise ValidationError("Only a run's changes can be proposed.")
    if author.is_agent and any(change.moved_from for change in changes):
        raise ValidationError("An agent moves no files.")  # no proposal could say so


def _find(
    mission: Mission, sent: Sequence[Change], take_in: TakeIn
) -> tuple[Sequence[Change], Found]:
    """Return the changes where their files are now, and what is found there."""
    found = _look(sent, take_in)
    wanted = follow(mission.pk, sent, found.current)
    if wanted == sent:
        return sent, found
    return check(wanted, allow_invalid=True), _look(wanted, take_in)


def _look(changes: Sequence[Change], take_in: TakeIn) -> Found:
    paths = [path for change in changes for path in change.paths]
    meant = {change.path: change.file for change in changes if change.file}
    return take_in.look(paths, meant=meant)


def _reason_to_propose(
    author: Author, plan: Plan, propose: Proposal.Reason | None
) -> Proposal.Reason | None:
    """Return why the changes become a proposal, ``None`` when they land.

    Raises:
        LandingConflict: they overlap and their author is not an agent.
    """
    if propose:
        return propose
    if not plan.overlaps:
        return None
    if author.is_agent:
        return Proposal.Reason.OVERLAP
    raise plan.overlaps[0].as_conflict()


def _keep_ahead(store: BlobStore, changes: Sequence[Change]) -> None:
    """Store the texts as they came while nobody waits for us: most land just so.

    Step 5 then finds them. Those that do not land are leftovers, which are cleared away.
    """
    for change in changes:
        if change.text is not None:
            store.put(encode_new(change.text))


def _keep(store: BlobStore, plan: Plan, *, is_proposal: bool) -> None:
    for change in plan.drafts if is_proposal else plan.writes:
        if change.content is not None:
            store.put(change.content)
