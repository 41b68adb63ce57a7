"""What other programs did in the folder becomes history now, not with the next landing."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from missions.cache import CachedStore
from missions.landing.commit import Operation, Write
from missions.landing.current import load, load_exactly, present_paths
from missions.landing.foreign import TakeIn, take
from missions.landing.late import Late
from missions.landing.place import folder_of
from missions.landing.recovery import put_in_folder, roll_forward
from missions.locks import write_lock
from missions.models import Mission, Revision
from missions.storage import BlobStore, FileManager
from parallagon.core.errors import FileOperationError

logger = logging.getLogger(__name__)


class FolderEmptied(FileOperationError):  # noqa: N818 - says what was found
    """Not one file of the mission is in its folder: a mishap, not a removal of each."""

    code = "folder_emptied"
    status = 409


def take_in(
    mission: Mission,
    paths: Sequence[str],
    *,
    now: datetime,
    removed: Collection[str] = (),
    timeout: float | None = None,
) -> tuple[Revision, ...]:
    """Make revisions by ``external`` of what other programs did, and nothing of what we did.

    What cannot be a revision stays where it is.

    Args:
        mission: whose folder it is.
        paths: of files that may have been written or created.
        now: the moment that revisions and events get.
        removed: paths of files that are to count as removed if they are missing still.
        timeout: seconds to wait for the write lock; ``None`` waits ``PARALLAGON_LOCK_TIMEOUT``.

    Raises:
        FolderEmptied: no file at all is left, so none counts as removed.
        LockError: the write lock was busy.
        FileOperationError: the folder is gone or read-only.
    """
    with write_lock(mission.pk, timeout=timeout):
        behind = _Behind(folder=folder_of(mission), store=CachedStore(), now=now)
        return behind.take_in(paths, removed)


@dataclass(frozen=True, kw_only=True)
class _Behind:
    folder: FileManager
    store: BlobStore
    now: datetime

    def take_in(self, paths: Sequence[str], removed: Collection[str]) -> tuple[Revision, ...]:
        self.folder.check()
        expected = roll_forward(self.folder, self.store, now=self.now)
        self._take_in_late_saves(paths)
        look = TakeIn(
            folder=self.folder,
            store=self.store,
            now=self.now,
            expected=expected,
            is_strict=False,
            sets_aside=False,
        )
        revisions = look.look(paths).revisions
        return revisions + self._remove([path for path in removed if path not in expected])

    def _take_in_late_saves(self, paths: Sequence[str]) -> None:
        """Look at what was displaced while its writer was not done."""
        late = Late(folder=self.folder, store=self.store, now=self.now)
        beside = {PurePosixPath(path).parent: path for path in paths}
        for displaced in [one for path in beside.values() for one in self.folder.sweep(path)]:
            current = load_exactly(self.folder.mission.pk, [displaced.path])[displaced.path]
            try:
                late.look(displaced, current)
            except FileOperationError as error:
                logger.warning("%s is looked at later: %s", displaced.kept, error.message)
        if late.taken_in:
            put_in_folder(self.folder, self.store, now=self.now)

    def _remove(self, removed: Sequence[str]) -> tuple[Revision, ...]:
        current = load(self.folder.mission.pk, removed)
        writes = [
            Write(current=one, content=None, on_disk=None, operation=Operation.DELETE)
            for path, one in current.items()
            if one.hash and one.file and one.file.path == path and self.folder.is_missing(path)
        ]
        if not writes:
            return ()
        self._check_not_emptied()
        return take(self.folder, writes, now=self.now)

    def _check_not_emptied(self) -> None:
        if all(self.folder.is_missing(path) for path in present_paths(self.folder.mission.pk)):
            raise FolderEmptied("The mission's folder is empty; no file counts as removed.")
