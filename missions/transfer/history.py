"""A mission's revisions in the order in which they landed, one landing at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet

from missions.authors import Author
from missions.models import Mission, Revision

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one landing did to one file; a path or hash is ``None`` where there was no file."""

    old_path: str | None
    old_hash: str | None
    revision: Revision

    @property
    def path(self) -> str:
        return self.revision.path

    @property
    def hash(self) -> str | None:
        return self.revision.blob_id


@dataclass(frozen=True, kw_only=True)
class Landed:
    """What one author changed at one moment."""

    author: Author
    at: datetime
    steps: tuple[Step, ...]


def revisions_in_order(mission: Mission) -> QuerySet[Revision]:
    """Return every revision of a mission as they landed: the write lock gave them their order."""
    revisions = Revision.objects.filter(file__mission=mission).order_by("pk")
    return revisions.select_related("user")


def landings_of(mission: Mission) -> Iterator[Landed]:
    """Yield what happened to a mission's files, the first thing first."""
    known: dict[int, tuple[str | None, str | None]] = {}
    for group in _grouped(revisions_in_order(mission).iterator(chunk_size=_AT_ONCE)):
        steps = []
        for revision in group:
            old_path, old_hash = known.get(revision.file_id, (None, None))
            known[revision.file_id] = (
                (revision.path, revision.blob_id) if revision.blob_id else (None, None)
            )
            if (old_path, old_hash) != known[revision.file_id]:
                steps.append(Step(old_path=old_path, old_hash=old_hash, revision=revision))
        if steps:
            first = group[0]
            yield Landed(author=Author.of(first), at=first.created_at, steps=tuple(steps))


def state_of(mission: Mission) -> str:
    """Return what is another text whenever the history is another."""
    revisions = Revision.objects.filter(file__mission=mission)
    found = revisions.aggregate(last=Max("pk"), count=Count("pk"))
    return f"{mission.pk}-{found['last']}-{found['count']}"


def _grouped(revisions: Iterable[Revision]) -> Iterator[list[Revision]]:
    """Put together what landed together: one author, one moment, each file once."""
    group: list[Revision] = []
    for revision in revisions:
        if group and not _belongs(revision, group):
            yield group
            group = []
        group.append(revision)
    if group:
        yield group


def _belongs(revision: Revision, group: list[Revision]) -> bool:
    first = group[0]
    is_same = _origin(revision) == _origin(first)
    return is_same and all(other.file_id != revision.file_id for other in group)


def _origin(revision: Revision) -> tuple[object, ...]:
    return (
        revision.created_at,
        revision.author_kind,
        revision.user_id,
        revision.role,
        revision.run_id,
    )
