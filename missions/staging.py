"""Copies of a mission's files for one run, in a private folder outside of the mission."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext_noop

from missions.cache import CachedStore
from missions.content import encode
from missions.landing.current import Current, present_paths
from missions.landing.foreign import TakeIn
from missions.landing.place import folder_of
from missions.landing.recovery import roll_forward
from missions.locks import write_lock
from missions.models import Mission, MissionFile
from missions.paths import matches
from missions.storage import BlobStore
from parallagon.core.errors import FileOperationError

_COPYING = gettext_noop("copying files for a run")
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True)
class StagedFile:
    """What a run sees of one file; ``text`` has LF line endings, ``hash`` is of the bytes.

    ``file`` is its key, which stays when it moves.
    """

    path: str
    file: int | None
    number: int
    hash: str
    text: str
    is_writable: bool


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What a run sees: path → file."""

    files: Mapping[str, StagedFile]


def stage(
    mission: Mission,
    *,
    into: Path,
    writes: Sequence[str],
    reads: Sequence[str],
    now: datetime,
) -> Staged:
    """Copy the files that match ``writes`` (mode 0644) and ``reads`` (0444) below ``into``.

    What other programs wrote in the mission's folder is taken in first. What is not a plain text
    file there is left out: the run sees the last revision.

    Args:
        mission: whose files.
        into: made if missing, private to this user; must be empty.
        writes: patterns of the files that the run owns.
        reads: patterns of the others that it may see.
        now: the moment that revisions by other programs get.

    Raises:
        LockError: the write lock was busy.
        FileOperationError: the folder is gone, or the disk refused.
    """
    store = CachedStore()
    current = _look(mission, store, (*writes, *reads), now=now)
    files = {
        path: _staged(found, store, is_writable=matches(path, writes))
        for path, found in sorted(current.items())
    }
    copy(files.values(), into)
    return Staged(files=files)


def _look(
    mission: Mission, store: BlobStore, patterns: Sequence[str], *, now: datetime
) -> dict[str, Current]:
    """Return what is current, as of one moment; blobs do not change, so reading them can wait."""
    with write_lock(mission.pk, purpose=_COPYING):
        folder = folder_of(mission)
        expected = roll_forward(folder, store, now=now)
        known = {*present_paths(mission.pk), *folder.scan()}
        paths = sorted(path for path in known if matches(path, patterns))
        look = TakeIn(folder=folder, store=store, now=now, expected=expected, is_strict=False)
        found = look.look(paths)
    return {
        path: current
        for path, current in found.current.items()
        if current.hash and current.file and current.file.path == path
    }


def _staged(current: Current, store: BlobStore, *, is_writable: bool) -> StagedFile:
    hash_ = current.hash or ""
    return StagedFile(
        path=current.path,
        file=current.file.pk if current.file else None,
        number=current.number,
        hash=hash_,
        text=store.text(hash_).text,
        is_writable=is_writable,
    )


def current(mission: Mission, *, writes: Sequence[str], reads: Sequence[str]) -> Staged:
    """Return what a run would see of what readers get now; nothing is locked, copied or taken in.

    One query, and the texts.
    """
    store = CachedStore()
    present = MissionFile.objects.filter(mission=mission).present().select_related("current")
    return Staged(
        files={
            file.path: StagedFile(
                path=file.path,
                file=file.pk,
                number=file.current.number,
                hash=file.current.blob_id,
                text=store.text(file.current.blob_id).text,
                is_writable=matches(file.path, writes),
            )
            for file in present.order_by("path")
            if file.current and file.current.blob_id and matches(file.path, (*writes, *reads))
        }
    )


def copy(staged: Iterable[StagedFile], into: Path) -> None:
    """Write files below ``into``: what a run may change 0644, the others 0444.

    Raises:
        FileOperationError: the disk refused.
    """
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in staged:
            target = into / file.path
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            mode = 0o644 if file.is_writable else 0o444
            descriptor = os.open(target, _CREATE, mode)
            with os.fdopen(descriptor, "wb") as copy:
                os.fchmod(descriptor, mode)  # whatever the umask says
                copy.write(encode(file.text))
    except OSError as error:
        raise FileOperationError(
            f"The run's copies cannot be written: {error.strerror}.", errno=error.errno
        ) from error
