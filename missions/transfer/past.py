"""``.parallagon/history.jsonl``: every revision of a mission, one a line, in the order they landed.

People are there by name only: what an archive says of someone is never taken for an account that
exists here. Contents lie beside it under their hashes, or are the current files.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from missions import paths
from missions.authors import Author
from missions.content import check_bytes
from missions.models import Mission, Revision
from missions.storage import sha256
from missions.transfer.history import revisions_in_order
from missions.transfer.sorting import refuse_clashes
from missions.transfer.sources import BadArchive, Entry, Source

NAME = "history.jsonl"
BLOBS = "blobs/"
LONGEST_NAME = 150
_HASH = re.compile(r"[0-9a-f]{64}")
_ROLE = re.compile(r"[a-z0-9_-]{1,40}")
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_TEXTS = ("path", "operation", "kind", "name", "role")
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class PastRevision:
    """One revision; ``file`` numbers the mission's files from 0 as they first appear."""

    file: int
    path: str
    operation: str
    hash: str | None
    at: datetime
    kind: str
    name: str = ""
    role: str = ""

    def as_line(self) -> bytes:
        data = {**asdict(self), "at": self.at.isoformat()}
        return json.dumps(data, ensure_ascii=False).encode() + b"\n"


def past_of(mission: Mission) -> Iterator[PastRevision]:
    """Yield the revisions of a mission."""
    numbers: dict[int, int] = {}
    for revision in revisions_in_order(mission).iterator(chunk_size=_AT_ONCE):
        author = Author.of(revision)
        is_person = author.kind == Revision.AuthorKind.PERSON
        yield PastRevision(
            file=numbers.setdefault(revision.file_id, len(numbers)),
            path=revision.path,
            operation=revision.operation,
            hash=revision.blob_id,
            at=revision.created_at,
            kind=author.kind.value,
            name=_printable(author.name) if is_person else "",
            role=author.role,
        )


def _printable(name: str) -> str:
    return "".join(filter(str.isprintable, name))[:LONGEST_NAME]


def current_of(past: Sequence[PastRevision]) -> list[PastRevision]:
    """Return the last revision of each file that is there at the end."""
    last = {revision.file: revision for revision in past}
    return [revision for revision in last.values() if revision.hash]


@dataclass(frozen=True, kw_only=True)
class Past:
    """A history that was checked, and where each of its contents is."""

    revisions: Sequence[PastRevision]
    contents: Mapping[str, Entry]


def read_past(
    source: Source, own: Mapping[str, Entry], files: Mapping[str, Entry], *, now: datetime
) -> Past | None:
    """Return the history of an archive; ``None`` where it has none.

    Every content is read and compared with its hash, and the history must end with exactly the
    files of the archive.

    Raises:
        BadArchive: something in it is not as it says, or cannot have been.
        ValidationError: a content is not one that a mission may have.
    """
    entry = own.get(NAME)
    if entry is None:
        return None
    if entry.size > source.limits.history:
        raise BadArchive(_("The archive's history is too long."))
    revisions = [_parse(line, now) for line in source.read(entry).splitlines()]
    _check_order(revisions)
    contents = {name.removeprefix(BLOBS): own[name] for name in own if name.startswith(BLOBS)}
    current = current_of(revisions)
    contents |= {one.hash: files[one.path] for one in current if one.hash and one.path in files}
    wanted = {one.hash for one in revisions if one.hash}
    refuse_clashes([one.path for one in current])
    if {one.path for one in current} != set(files) or not wanted <= set(contents):
        raise _untrue()
    for hash_ in sorted(wanted):
        if sha256(read_content(source, contents[hash_])) != hash_:
            raise _untrue()
    _check_files(source, files, current)
    return Past(revisions=revisions, contents={hash_: contents[hash_] for hash_ in wanted})


def read_content(source: Source, entry: Entry) -> bytes:
    """Return a content that some file of a mission may have.

    Raises:
        ValidationError: it is too large, or not text.
    """
    content = source.read(entry)
    check_bytes(entry.name, content, allow_invalid=True)
    return content


def _check_files(
    source: Source, files: Mapping[str, Entry], current: Sequence[PastRevision]
) -> None:
    """Insist that each file is what the history ends with, where two of them are alike too."""
    if any(sha256(source.read(files[one.path])) != one.hash for one in current):
        raise _untrue()


def _check_order(revisions: Sequence[PastRevision]) -> None:
    """Insist that files are numbered as they appear, and appear before they go."""
    known: set[int] = set()
    for revision in revisions:
        if revision.file not in known:
            if revision.file != len(known) or revision.hash is None:
                raise _untrue()
            known.add(revision.file)


def _parse(line: bytes, now: datetime) -> PastRevision:
    """Return what a line says; a moment that has not come yet is now."""
    try:
        data = json.loads(line)
        revision = PastRevision(**{**data, "at": datetime.fromisoformat(data["at"])})
        if not (_is_shaped(data) and _is_possible(revision)):
            raise _untrue()
        return replace(revision, at=min(revision.at, now))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise _untrue() from error


def _is_shaped(data: Any) -> bool:
    return type(data["file"]) is int and all(
        isinstance(data[name], str) and data[name].isprintable() for name in _TEXTS
    )


def _is_possible(revision: PastRevision) -> bool:
    return (
        (revision.hash is None or _HASH.fullmatch(revision.hash) is not None)
        and (revision.hash is None) == (revision.operation == Revision.Operation.DELETE)
        and revision.operation in Revision.Operation.values
        and revision.at >= _EARLIEST
        and paths.is_valid(revision.path)
        and _is_author(revision)
    )


def _is_author(revision: PastRevision) -> bool:
    is_agent = revision.kind == Revision.AuthorKind.AGENT
    return (
        revision.kind in Revision.AuthorKind.values
        and len(revision.name) <= LONGEST_NAME
        and is_agent == bool(revision.role)
        and (not is_agent or _ROLE.fullmatch(revision.role) is not None)
    )


def _untrue() -> BadArchive:
    return BadArchive(_("The archive's history is not true: it does not lead to its files."))
