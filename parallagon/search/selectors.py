"""What a person finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from agents.models import AgentRun
from missions.models import Mission
from missions.selectors import blob_text, missions_of
from parallagon.accounts.models import User
from parallagon.core.errors import FileOperationError
from parallagon.search.engines import engine
from parallagon.search.models import SearchEntry
from parallagon.search.snippets import Marked, Snippet, mark, snippet
from parallagon.search.words import Query, parse

MOST: Final = 200
"""Results that a search gives in all: whoever wants more says what they look for."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One result, its hits marked."""

    kind: str
    mission: Mission
    path: str | None
    run: AgentRun | None
    name: Marked
    snippet: Snippet
    at: datetime


def search(
    *,
    user: User,
    text: str,
    kind: str | None = None,
    mission: int | None = None,
    begin: int = 0,
    count: int = 20,
) -> Sequence[SearchEntry]:
    """Return entries of missions that ``user`` may see, the best first; one query.

    Args:
        user: who asks.
        text: as it was typed.
        kind: only missions, files or runs.
        mission: only of this one.
        begin: how many of the best to leave out.
        count: how many to return at most.
    """
    query = parse(text)
    if not query.wanted:
        return []
    seen = missions_of(user=user)
    entries = SearchEntry.objects.filter(
        Q(file=None) | Q(file__is_removed=False), mission__in=seen.values("pk")
    )
    if kind:
        entries = entries.filter(kind=kind)
    if mission is not None:
        entries = entries.filter(mission=mission)
    found = engine().matching(entries, query).select_related("mission", "file", "run__agent")
    return list(found[begin : min(begin + count, MOST)])


def shown(entries: Sequence[SearchEntry], text: str) -> Iterator[Found]:
    """Yield results as a person reads them; contents are read for these only."""
    query = parse(text)
    for entry in entries:
        yield Found(
            kind=entry.kind,
            mission=entry.mission,
            path=entry.file.path if entry.file else None,
            run=entry.run,
            name=_name(entry, query),
            snippet=snippet(_text(entry), query),
            at=entry.at,
        )


def _name(entry: SearchEntry, query: Query) -> Marked:
    if entry.kind == SearchEntry.Kind.RUN:
        return Marked(text=entry.run.agent.role if entry.run else "")
    name = entry.file.path if entry.file else entry.mission.title
    return mark(name, query.wanted)


def _text(entry: SearchEntry) -> str:
    """Return what was indexed; nothing where the content is missing or damaged."""
    if entry.kind == SearchEntry.Kind.RUN:
        return entry.text
    try:
        return blob_text(entry.source or None)
    except FileOperationError:
        return ""
