"""Keep the index true."""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar, Final

from django.db import transaction

from missions.models import Mission
from parallagon.core.services import BaseService
from parallagon.search.documents import Document, entries_of_gone_files, stale_documents
from parallagon.search.engines import engine
from parallagon.search.models import SearchEntry, SearchPosition
from parallagon.search.words import words_of

AT_ONCE: Final = 200_000
"""Letters written in one transaction: on SQLite nobody else writes meanwhile."""
UNKNOWN: Final = -1
_COLUMNS = ("kind", "mission", "file", "run", "name", "source", "text", "language", "version", "at")


class _OvertakenError(Exception):
    """Someone else indexed the mission meanwhile."""


@dataclass(frozen=True, kw_only=True)
class IndexMission(BaseService[int]):
    """Bring the index of a mission up to its last event; return how many entries were written.

    Several may do so at once: whoever read an older state than what is in the index by now writes
    nothing. One that is killed leaves the position where it was.
    """

    operation = "search.mission.index"
    log_level: ClassVar[int] = logging.DEBUG
    mission_id: int
    everything: bool = False  # compare every run too, not only those of events to come

    def _perform(self) -> int:
        position, _is_new = SearchPosition.objects.get_or_create(mission_id=self.mission_id)
        mission = Mission.objects.get(pk=self.mission_id)  # its number first, then what it says
        after = UNKNOWN if self.everything else position.seq
        written = 0
        try:
            for documents in _in_portions(stale_documents(mission, after=after)):
                with transaction.atomic():
                    self._claim(position.seq, position.seq)
                    _write(documents)
                written += len(documents)
            with transaction.atomic():
                self._claim(position.seq, mission.seq)
                gone = entries_of_gone_files(mission)
                SearchEntry.objects.filter(pk__in=gone).delete()
        except _OvertakenError:
            return 0
        return written + len(gone)

    def _claim(self, seq: int, new: int) -> None:
        """Hold the position as it was read, and move it."""
        same = SearchPosition.objects.filter(mission_id=self.mission_id, seq=seq)
        if not same.update(seq=new):
            raise _OvertakenError


@dataclass(frozen=True, kw_only=True)
class UpdateIndex(BaseService[int]):
    """Index the missions that changed, for about ``seconds``; return how many were."""

    operation = "search.update"
    log_level: ClassVar[int] = logging.DEBUG
    seconds: float = 1.0

    def _perform(self) -> int:
        until = time.monotonic() + self.seconds
        behind = SearchPosition.objects.behind().values_list("mission_id", flat=True)[:100]
        new = Mission.objects.filter(search_position=None).values_list("pk", flat=True)[:100]
        count = 0
        for mission_id in chain(list(behind), list(new)):
            IndexMission(mission_id=mission_id).execute()
            count += 1
            if time.monotonic() > until:
                break
        return count


@dataclass(frozen=True, kw_only=True)
class RepairIndex(BaseService[int]):
    """Compare every mission with its index and mend what differs; return how much that was."""

    operation = "search.repair"

    def _perform(self) -> int:
        missions = Mission.objects.order_by("pk").values_list("pk", flat=True)
        return sum(
            IndexMission(mission_id=mission_id, everything=True).execute()
            for mission_id in missions.iterator()
        )


def forget(mission_ids: Iterable[int] | None = None) -> None:
    """Have missions, or all, indexed anew; meanwhile they are found as before."""
    entries, positions = SearchEntry.objects.all(), SearchPosition.objects.all()
    if mission_ids is not None:
        entries = entries.filter(mission__in=mission_ids)
        positions = positions.filter(mission__in=mission_ids)
    with transaction.atomic():
        entries.update(version=0)
        positions.update(seq=UNKNOWN)


def _in_portions(documents: Iterator[Document]) -> Iterator[list[Document]]:
    portion: list[Document] = []
    size = 0
    for document in documents:
        portion.append(document)
        size += len(document.text)
        if size >= AT_ONCE:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _write(documents: list[Document]) -> None:
    entries = SearchEntry.objects.bulk_create(
        [document.entry for document in documents],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=_COLUMNS,
    )
    engine().write(
        [
            (entry.pk, entry.language, _folded(entry.name), _folded(document.text))
            for entry, document in zip(entries, documents, strict=True)
        ]
    )


def _folded(text: str) -> str:
    return " ".join(words_of(text))
