"""What other apps do when something happens to a mission, inside the same transaction.

Each list is filled in an ``AppConfig.ready()``; a hook that raises undoes the change.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from missions.models import Mission, Revision
from parallagon.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Created:
    """A mission was created, with its first files; ``start`` asks for its agents to begin."""

    mission: Mission
    now: datetime
    start: bool = False


@dataclass(frozen=True, kw_only=True)
class Landed:
    """These revisions are now the current ones; ``file`` and ``parent`` of each are loaded."""

    mission: Mission
    revisions: Sequence[Revision]
    now: datetime

    @property
    def moves(self) -> dict[str, str]:
        """Return where files moved: old path → new path."""
        return {old: revision.path for revision in self.revisions if (old := moved_from(revision))}


@dataclass(frozen=True, kw_only=True)
class Decided:
    """Nothing of a proposal by ``role`` waits any more, by whomever or whatever it was decided."""

    mission: Mission
    role: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Updated:
    """These columns of a mission have new values."""

    mission: Mission
    fields: frozenset[str]
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Somebody takes part in a mission now, let in by one of its owners."""

    mission: Mission
    user: User
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Reset:
    """A mission's files are its templates and its first request again."""

    mission: Mission
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Archived:
    """A mission was put away: archived or deleted."""

    mission: Mission
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Purged:
    """A deleted mission is about to go for good: remove files that its rows lead to.

    The only hook that is called before the transaction, and perhaps again when that failed.
    """

    mission: Mission
    now: datetime


def moved_from(revision: Revision) -> str | None:
    """Return where a revision took its file from; ``None`` where it did not move it."""
    is_move = revision.operation == Revision.Operation.MOVE and revision.parent
    return revision.parent.path if is_move and revision.parent else None


on_created: list[Callable[[Created], None]] = []
on_landed: list[Callable[[Landed], None]] = []
on_decided: list[Callable[[Decided], None]] = []
on_updated: list[Callable[[Updated], None]] = []
on_joined: list[Callable[[Joined], None]] = []
on_reset: list[Callable[[Reset], None]] = []
on_archived: list[Callable[[Archived], None]] = []
on_purged: list[Callable[[Purged], None]] = []


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What a run was and what it used up; unknown is ``None``, zero means zero."""

    outcome: str
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None  # US dollars


# Who knows what a mission is doing: mission ids → "working", "settled", "waiting" or "stopped".
activity: list[Callable[[Sequence[int]], Mapping[int, str]]] = []


def activity_of(mission_ids: Sequence[int]) -> dict[int, str]:
    """Return what each mission is doing; one that nobody knows of is stopped."""
    known = dict.fromkeys(mission_ids, "stopped")
    for provide in activity:
        known.update(provide(mission_ids))
    return known


@dataclass(frozen=True, kw_only=True)
class Spending:
    """US dollars and output tokens, in all and since midnight UTC."""

    cost: Decimal = Decimal(0)
    tokens: int = 0
    cost_today: Decimal = Decimal(0)
    tokens_today: int = 0


# Who knows what missions have spent: mission ids and the time → what those spent that did.
spending: list[Callable[[Sequence[int], datetime], Mapping[int, Spending]]] = []


def spending_of(mission_ids: Sequence[int], *, now: datetime) -> dict[int, Spending]:
    """Return what each mission has spent; one that nobody knows of has spent nothing."""
    known = dict.fromkeys(mission_ids, Spending())
    for provide in spending:
        known.update(provide(mission_ids, now))
    return known


# Who knows about runs: run ids → facts of those that are known.
runs: list[Callable[[Sequence[UUID]], Mapping[UUID, RunFacts]]] = []


def facts_of_runs(run_ids: Sequence[UUID]) -> dict[UUID, RunFacts]:
    """Return the facts of each run that somebody knows of."""
    known: dict[UUID, RunFacts] = {}
    for provide in runs if run_ids else ():
        known.update(provide(run_ids))
    return known
