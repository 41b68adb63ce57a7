"""What happened in a mission between two of its events: the facts that a journal is made of.

Every event is told once. Where there are too many for a message, the older ones are told together,
how many they were and since when; none is left out without a word.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from agents.reading.markdown import read_document
from agents.roles.base import HistoryEntry
from missions import diff
from missions.cache import CachedStore
from missions.models import Event, Proposal, Revision

MOST_ENTRIES = 200
MOST_EVENTS = 5000
MOST_COMPARED = 100
MOST_SECTIONS = 3
LONGEST_COMPARED = 256 * 1024

TOLD = ("file.changed", "file.removed", "run.finished", "proposal.changed")
FRUITLESS = frozenset(
    {
        "failed", "timed_out", "rejected", "proposed", "cancelled", "stopped_budget",
        "stopped_breaker",
    }
)  # fmt: skip
"""Outcomes of runs that no revision tells of."""
DECISIONS: Mapping[str, str] = {
    Proposal.State.ACCEPTED: "accepted",
    Proposal.State.PARTLY: "partly",
    Proposal.State.REJECTED: "declined",
    Proposal.State.EXPIRED: "expired",
}
OPERATIONS: Mapping[str, str] = {
    Revision.Operation.CREATE: "created",
    Revision.Operation.RESTORE: "restored",
    Revision.Operation.REVERT: "reverted",
}
Key = tuple[str, int, str | None]


@dataclass(frozen=True)
class History:
    """What happened, oldest first, and how many events before that are not known any more."""

    entries: tuple[HistoryEntry, ...]
    forgotten: int = 0


def history_between(
    *, mission_id: int, after: int, until: int, most: int = MOST_ENTRIES
) -> History:
    """Return what changed after one event of a mission up to another, in ``most`` entries.

    Three queries, however much happened; what lines say is compared for the newest hundred.
    """
    kept = Event.objects.filter(mission_id=mission_id, seq__gt=after, seq__lte=until)
    events = list(kept.filter(type__in=TOLD).order_by("-seq")[:MOST_EVENTS])[::-1]
    oldest = kept.order_by("seq").values_list("seq", flat=True).first() or until + 1
    if len(events) == MOST_EVENTS:
        oldest = events[0].seq
    past = _Past(mission_id, events)
    entries = [entry for event in events if (entry := past.entry(event))]
    return History(condense(entries, most), max(0, min(oldest, until + 1) - after - 1))


def condense(entries: Sequence[HistoryEntry], most: int) -> tuple[HistoryEntry, ...]:
    """Return at most ``most`` entries: the newest half as they are, the older ones together, by
    author, file and outcome, or by less where that is still too many."""
    if len(entries) <= most:
        return tuple(entries)
    half = most // 2
    older, newer = entries[: len(entries) - half], entries[len(entries) - half :]
    keys: list[Callable[[HistoryEntry], Hashable]] = [
        lambda entry: (entry.author, entry.path, entry.outcome),
        lambda entry: (entry.author, entry.outcome),
        lambda entry: entry.outcome,
    ]
    together = list(older)
    for key in keys:
        if len(together) > most - half:
            together = _together(older, key)
    return (*together[: most - half], *newer)


def _together(
    entries: Iterable[HistoryEntry], key: Callable[[HistoryEntry], Hashable]
) -> list[HistoryEntry]:
    groups: dict[Hashable, HistoryEntry] = {}
    for entry in entries:
        first = groups.get(key(entry))
        groups[key(entry)] = _added_up(first, entry) if first else entry
    return sorted(groups.values(), key=lambda entry: entry.at)


def _added_up(one: HistoryEntry, other: HistoryEntry) -> HistoryEntry:
    """Return two entries as one, as of the later; what differs in them is left open."""
    is_known = one.added is not None and other.added is not None
    return replace(
        other,
        since=one.since or one.at,
        count=one.count + other.count,
        author=one.author if one.author == other.author else "",
        path=one.path if one.path == other.path else "",
        revision=other.revision if one.path == other.path else 0,
        added=(one.added or 0) + (other.added or 0) if is_known else None,
        removed=(one.removed or 0) + (other.removed or 0) if is_known else None,
        sections=(),
        summary="",
    )


@dataclass
class _Past:
    """The rows that events point to, each kind read at once."""

    mission_id: int
    events: Sequence[Event]
    revisions: Mapping[Key, Revision] = field(init=False)
    proposals: Mapping[int, Proposal] = field(init=False)

    def __post_init__(self) -> None:
        wanted = [e for e in self.events if e.type == "file.changed"][-MOST_COMPARED:]
        found = Revision.objects.filter(
            file__mission_id=self.mission_id,
            blob__in={event.data.get("hash") for event in wanted},
            number__in={event.data.get("revision") for event in wanted},
        )
        rows = islice(found.select_related("parent").order_by("pk"), 10 * MOST_COMPARED)
        self.revisions = {(row.path, row.number, row.blob_id): row for row in rows}
        keys = [e.data["proposal"] for e in self.events if e.type == "proposal.changed"]
        self.proposals = Proposal.objects.select_related("decided_by").in_bulk(keys[-500:])

    def entry(self, event: Event) -> HistoryEntry | None:
        """Return what an event tells, or nothing where another tells it."""
        if event.type == "run.finished":
            return self._run(event)
        if event.type == "proposal.changed":
            return self._decision(event)
        return self._file(event)

    def _run(self, event: Event) -> HistoryEntry | None:
        if event.data["outcome"] not in FRUITLESS:
            return None
        return HistoryEntry(
            at=event.at,
            author=event.data["role"],
            path="",
            revision=0,
            outcome=event.data["outcome"],
            summary=event.data["reason"],
        )

    def _decision(self, event: Event) -> HistoryEntry | None:
        outcome = DECISIONS.get(event.data["state"])
        proposal = self.proposals.get(event.data["proposal"])
        if outcome is None or proposal is None:
            return None
        return HistoryEntry(
            at=event.at,
            author=proposal.decided_by.display_name() if proposal.decided_by else "system",
            path="",
            revision=0,
            outcome=outcome,
            summary=proposal.role,
        )

    def _file(self, event: Event) -> HistoryEntry | None:
        data = event.data
        author = data.get("author")
        if author is None or author["kind"] == "system" or "moved_to" in data:
            return None  # a move is told once, where the file is now
        old = data.get("moved_from")
        key = (data["path"], data.get("revision") or 0, data.get("hash"))
        entry = HistoryEntry(
            at=event.at,
            author=author["role"] or author["name"] or author["kind"],
            path=data["path"],
            revision=data.get("revision") or 0,
            outcome="removed" if event.type == "file.removed" else "changed",
            summary=old or "",
        )
        revision = self.revisions.get(key)
        if old:
            entry = replace(entry, outcome="moved")
        elif revision:
            entry = replace(entry, outcome=OPERATIONS.get(revision.operation, "changed"))
        return _compared(entry, revision) if revision else entry


def _compared(entry: HistoryEntry, revision: Revision) -> HistoryEntry:
    """Say how many lines changed, and in which sections."""
    store = CachedStore()
    parent = revision.parent.blob_id if revision.parent else None
    before = store.text(parent).text if parent else ""
    after = store.text(revision.blob_id).text if revision.blob_id else ""
    if max(len(before), len(after)) > LONGEST_COMPARED:
        return entry
    added, removed = diff.counts(before, after)
    return replace(entry, added=added, removed=removed, sections=changed_sections(before, after))


def changed_sections(before: str, after: str) -> tuple[str, ...]:
    """Return the headings below which something differs, those of the newer text first; three at
    most."""
    old, new = _sections(before), _sections(after)
    changed = [title for title, body in new.items() if old.get(title) != body]
    gone = [title for title in old if title not in new]
    return tuple(title for title in (*changed, *gone) if title)[:MOST_SECTIONS]


def _sections(text: str) -> dict[str, list[str]]:
    """Return the lines below each heading; sections of the same name count as one."""
    sections: dict[str, list[str]] = {}
    title = ""
    lines = text.split("\n")
    for line in read_document(text).lines:
        if line.level:
            title = lines[line.number - 1].strip("# \t")
        else:
            sections.setdefault(title, []).append(lines[line.number - 1])
    return sections
