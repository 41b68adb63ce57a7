"""A mission as a ZIP: bytes as they are, the same archive for the same files, one at a time.

Reading a mission (``contents_of``) queries; writing (``write_zip``) only reads blobs, so that the
archive can be sent while it is made.
"""

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import RawIOBase
from typing import Any

from missions import selectors
from missions.models import Mission
from missions.storage import BlobStore
from missions.transfer.manifest import NAME, Manifest
from missions.transfer.past import BLOBS, current_of, past_of
from missions.transfer.past import NAME as HISTORY
from missions.transfer.sorting import OWN

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # that a ZIP can say
_DENSE = 100  # what shrinks more is stored: readers take it for a bomb


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file of an archive: its bytes, or the hash under which they are kept."""

    name: str
    at: datetime
    hash: str = ""
    content: bytes = b""

    def bytes_from(self, store: BlobStore) -> bytes:
        return store.get(self.hash) if self.hash else self.content


def contents_of(mission: Mission) -> list[Item]:
    """Return the current files of a mission by path, after what says which mission it is."""
    files = [
        Item(name=file.path, at=revision.created_at, hash=revision.blob_id or "")
        for file in selectors.current_files(mission=mission)
        for revision in [selectors.current_revision(file)]
    ]
    return [_about(mission), *files]


def whole_of(mission: Mission) -> list[Item]:
    """Return the same with the history: every revision, and every content it refers to."""
    past = list(past_of(mission))
    current = sorted(current_of(past), key=lambda one: one.path)
    older = {one.hash for one in past if one.hash} - {one.hash for one in current}
    lines = b"".join(one.as_line() for one in past)
    at = mission.created_at
    return [
        _about(mission),
        Item(name=OWN + HISTORY, at=at, content=lines),
        *(Item(name=one.path, at=one.at, hash=one.hash or "") for one in current),
        *(Item(name=f"{OWN}{BLOBS}{hash_}", at=at, hash=hash_) for hash_ in sorted(older)),
    ]


def _about(mission: Mission) -> Item:
    content = Manifest.of(mission).as_bytes()
    return Item(name=OWN + NAME, at=mission.created_at, content=content)


def tag_of(items: Iterable[Item]) -> str:
    """Return what is the same for equal contents only."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(repr((item.name, item.at.isoformat(), item.hash, item.content)).encode())
    return digest.hexdigest()[:32]


def write_zip(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield a ZIP of ``items`` piece by piece.

    Raises:
        FileOperationError: a content is missing or damaged.
    """
    store, sink = BlobStore(), _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for item in items:
            content = item.bytes_from(store)
            archive.writestr(_header(item, content), content)
            yield sink.taken()
    yield sink.taken()


def _header(item: Item, content: bytes) -> zipfile.ZipInfo:
    at = max(item.at.astimezone(UTC), _EARLIEST)
    header = zipfile.ZipInfo(item.name, at.timetuple()[:6])
    header.create_system = 3  # Unix, wherever this runs
    header.external_attr = (stat.S_IFREG | 0o644) << 16
    is_dense = len(content) > _DENSE * len(zlib.compress(content, 1))
    header.compress_type = zipfile.ZIP_STORED if is_dense else zipfile.ZIP_DEFLATED
    return header


class _Sink(RawIOBase):
    """Where a ZIP is written that nobody can go back in; what was written is taken away."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken, self.pieces = b"".join(self.pieces), []
        return taken
