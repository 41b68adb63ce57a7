"""What a run did to files, counted and as a diff."""

from collections.abc import Iterable, Mapping
from typing import Any

from missions import diff
from missions.cache import CachedStore
from missions.models import Revision

Change = Mapping[str, Any]


def summarize(revisions: Iterable[Revision]) -> list[Change]:
    """Return ``{"path", "from", "to", "added", "removed"}`` for each revision."""
    return [_count(revision) for revision in revisions]


def describe(changes: Iterable[Change]) -> str:
    """Return the changes as a line for people."""
    return ", ".join(f"{c['path']} +{c['added']} −{c['removed']}" for c in changes)


def _count(revision: Revision) -> Change:
    added, removed = diff.counts(*_texts(revision))
    return {
        "path": revision.file.path,
        "from": revision.parent.number if revision.parent else None,
        "to": revision.number,
        "added": added,
        "removed": removed,
    }


def unified(revision: Revision) -> str:
    """Return the unified diff from the revision's parent to it."""
    return diff.unified(revision.file.path, *_texts(revision))


def _texts(revision: Revision) -> tuple[str, str]:
    store = CachedStore()
    parent = revision.parent.blob_id if revision.parent else None
    return (
        store.text(parent).text if parent else "",
        store.text(revision.blob_id).text if revision.blob_id else "",
    )
