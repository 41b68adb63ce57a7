"""What a run did to files, counted and as a diff."""

import difflib
from collections.abc import Iterable
from typing import Any

from missions.content import decode
from missions.models import Revision
from missions.storage import BlobStore

Change = dict[str, Any]


def summarize(revisions: Iterable[Revision]) -> list[Change]:
    """Return ``{"path", "from", "to", "added", "removed"}`` for each revision."""
    return [_count(revision) for revision in revisions]


def _count(revision: Revision) -> Change:
    before, after = _texts(revision)
    added = removed = 0
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for tag, start, end, to_start, to_end in matcher.get_opcodes():
        if tag != "equal":
            removed += end - start
            added += to_end - to_start
    return {
        "path": revision.file.path,
        "from": revision.parent.number if revision.parent else None,
        "to": revision.number,
        "added": added,
        "removed": removed,
    }


def unified(revision: Revision) -> str:
    """Return the unified diff from the revision's parent to it."""
    before, after = _texts(revision)
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            f"a/{revision.file.path}",
            f"b/{revision.file.path}",
        )
    )


def _texts(revision: Revision) -> tuple[str, str]:
    store = BlobStore()
    parent = revision.parent.blob_id if revision.parent else None
    return (
        decode(store.get(parent)).text if parent else "",
        decode(store.get(revision.blob_id)).text if revision.blob_id else "",
    )
