"""Old revisions make room: of what agents and programs wrote, the last of a day stays."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from missions.models import MissionFile, Proposal, ProposalFile, Revision
from missions.services.provenance import KeepProvenance
from parallagon.core.errors import ParallagonError
from parallagon.core.services import BaseService

logger = logging.getLogger(__name__)
Operation = Revision.Operation
Kind = Revision.AuthorKind

_THINNED = (Operation.CREATE, Operation.WRITE)
_AUTHORS = (Kind.AGENT, Kind.EXTERNAL)


class _Row(NamedTuple):
    pk: int
    number: int
    operation: str
    author_kind: str
    role: str
    parent_id: int | None
    created_at: datetime

    @property
    def day(self) -> tuple[date, str, str]:
        """What one revision stands for once it is old: a day's work of one author."""
        return self.created_at.date(), self.author_kind, self.role


@dataclass(frozen=True, kw_only=True)
class ThinRevisions(BaseService[int]):
    """Remove revisions older than ``days``; return how many.

    What stays: the first and the last revision of a file, every one by a person, those that
    restored, moved or removed the file, the last of each day by each author, and what an open
    proposal began with. Who wrote each line is kept first. Contents that nothing refers to any
    more are removed by the sweep.
    """

    operation = "missions.revisions.thin"
    now: datetime
    days: int = field(default_factory=lambda: int(settings.PARALLAGON_REVISION_DAYS))

    def _perform(self) -> int:
        if not self.days:
            return 0
        before = self.now - timedelta(days=self.days)
        old = Revision.objects.filter(
            created_at__lt=before, author_kind__in=_AUTHORS, operation__in=_THINNED
        )
        files = MissionFile.objects.filter(pk__in=old.values("file"))
        return sum(self._thin(file, before) for file in files.order_by("pk").iterator())

    def _thin(self, file: MissionFile, before: datetime) -> int:
        rows = [
            _Row(*values)
            for values in Revision.objects.filter(file=file)
            .order_by("number")
            .values_list(*_Row._fields)
        ]
        removed = set(_removable(rows, before=before, kept=_bases(file)))
        if not removed:
            return 0
        numbers = [row.number for row in rows if row.pk in removed]
        try:
            KeepProvenance(file_id=file.pk, removed=numbers).execute()
        except ParallagonError as error:
            logger.warning("%s keeps its old revisions: %s", file.path, error.message)
            return 0
        with transaction.atomic():
            for key, parent in _new_parents(rows, removed):
                Revision.objects.filter(pk=key).update(parent_id=parent)
            Revision.objects.filter(pk__in=removed).delete()
        return len(removed)


def _bases(file: MissionFile) -> set[int | None]:
    """Return the numbers of the revisions that open proposals began with."""
    waiting = ProposalFile.objects.filter(
        proposal__mission=file.mission_id, proposal__state=Proposal.State.OPEN, path=file.path
    )
    return set(waiting.values_list("base_number", flat=True))


def _removable(rows: Sequence[_Row], *, before: datetime, kept: set[int | None]) -> Iterator[int]:
    last_of_day = {row.day: row.pk for row in rows}
    for row in rows[1:-1]:
        is_plain = row.author_kind in _AUTHORS and row.operation in _THINNED
        is_kept = row.number in kept or last_of_day[row.day] == row.pk
        if is_plain and not is_kept and row.created_at < before:
            yield row.pk


def _new_parents(rows: Sequence[_Row], removed: set[int]) -> Iterator[tuple[int, int | None]]:
    """Yield the revisions whose parent goes away, with the last one before that stays."""
    nearest: int | None = None
    for row in rows:
        if row.pk in removed:
            continue
        if row.parent_id in removed:
            yield row.pk, nearest
        nearest = row.pk
