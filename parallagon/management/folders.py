"""A person's folder whose texts were brought into a mission: what became of them goes back."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings

from missions.models import Mission
from missions.storage import BlobStore
from missions.transfer import outgoing
from missions.transfer.folders import FolderSource
from missions.transfer.sorting import OWN
from missions.transfer.sources import Limits
from parallagon.core import files
from parallagon.core.errors import ResourceNotFoundError, ValidationError


@dataclass(frozen=True, kw_only=True)
class GivenBack:
    """The paths that were written, and those left alone because a person changed them meanwhile."""

    written: Sequence[str]
    left_alone: Sequence[str]


def hashes_in(folder: Path) -> dict[str, str]:
    """Return the hash of every file in a folder that can be a mission's, by its path.

    Raises:
        BadArchive: something in it is a link or another special file, or it is too much.
        FileOperationError: it cannot be read.
    """
    source = FolderSource(folder.resolve(), limits=Limits.of_operators())
    most = settings.PARALLAGON_MAX_FILE_SIZE
    texts = (entry for entry in source.entries if entry.size <= most)
    return {entry.name: _hash(source.read(entry)) for entry in texts}


def give_back(mission: Mission, folder: Path, *, before: Mapping[str, str]) -> GivenBack:
    """Write the mission's files into the folder that it was made of.

    ``before`` are the folder's hashes as it was read. A file that is another one by now is left
    alone, and none is removed; what someone saves in the very moment of writing is kept beside.

    Raises:
        FileOperationError: the disk refused; what is written already stays.
    """
    root, store = folder.resolve(), BlobStore()
    written, left = [], []
    for item in outgoing.contents_of(mission):
        if item.name.startswith(OWN):
            continue
        content = item.bytes_from(store)
        there = _hash_at(root, item.name)
        if there == _hash(content):
            continue
        if there == before.get(item.name) and _put(root, item.name, content, over=there):
            written.append(item.name)
        else:
            left.append(item.name)
    return GivenBack(written=written, left_alone=left)


def _put(root: Path, path: str, content: bytes, *, over: str | None) -> bool:
    """Write a file; tell whether it lay there as it was known, else what did is kept beside it."""
    name = f".{PurePosixPath(path).name[:80]}.{secrets.token_hex(4)}.before"
    beside = str(PurePosixPath(path).with_name(name))
    if not files.swap_contained(root, path, content, keep=name):
        return True
    if _hash_at(root, beside) != over:
        return False
    files.remove_contained(root, beside)
    return True


def _hash_at(root: Path, path: str) -> str | None:
    """Return the hash of what lies there: none where nothing does, an empty one of what is huge."""
    try:
        return _hash(files.read_contained(root, path, limit=settings.PARALLAGON_MAX_FILE_SIZE))
    except ResourceNotFoundError:
        return None
    except ValidationError:
        return ""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
