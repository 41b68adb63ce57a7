"""Where the text comes from that a revision brings back, when it is not new."""

import uuid
from typing import NamedTuple

from django.db.models import QuerySet

from missions.models import Revision

_RESTORE = Revision.Operation.RESTORE
_REVERT = Revision.Operation.REVERT
BRINGS_BACK = frozenset({_RESTORE, _REVERT})


class Source(NamedTuple):
    """An earlier revision; all of its text is there again, or lines between newer ones."""

    number: int
    blob: str
    is_whole: bool


def sources_between(revisions: QuerySet[Revision], begin: int, end: int) -> dict[int, Source]:
    """Return what each revision after ``begin``, up to ``end``, brought back, by its number.

    ``revisions`` are those of one file that have a content. A source that was thinned out is none.
    """
    back = revisions.filter(number__gt=begin, number__lte=end, operation__in=BRINGS_BACK)
    values = back.values_list("number", "operation", "blob_id", "reverts_run")
    restored, reverted = {}, {}
    for number, operation, blob, run in values:
        if operation == _RESTORE:
            restored[number] = str(blob)
        elif run is not None:
            reverted[number] = run
    return {**_restored(revisions, restored), **_reverted(revisions, reverted)}


def _restored(revisions: QuerySet[Revision], restored: dict[int, str]) -> dict[int, Source]:
    """Find the last revision before each restored one with the same content."""
    if not restored:
        return {}
    sources: dict[int, Source] = {}
    last: dict[str, int] = {}
    rows = revisions.filter(number__lte=max(restored), blob__in=set(restored.values()))
    for number, blob in rows.order_by("number").values_list("number", "blob_id"):
        if number in restored and blob in last:
            sources[number] = Source(last[str(blob)], str(blob), is_whole=True)
        last[str(blob)] = number
    return sources


def _reverted(revisions: QuerySet[Revision], reverted: dict[int, uuid.UUID]) -> dict[int, Source]:
    """Find what was there before each run that was taken back."""
    if not reverted:
        return {}
    runs = set(reverted.values())
    before: dict[uuid.UUID, Source] = {}
    previous: Source | None = None
    rows = revisions.filter(number__lt=max(reverted)).order_by("number")
    for number, blob, run in rows.values_list("number", "blob_id", "run_id"):
        if run in runs and run not in before and previous:
            before[run] = previous
        previous = Source(number, str(blob), is_whole=False)
    return {number: before[run] for number, run in reverted.items() if run in before}
