"""One mission's folder: what was seen there, and what there is to take in."""

import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.utils import timezone

from missions.displaced import Displaced
from missions.landing import FolderEmptied, take_in
from missions.landing.current import Current, load, present_paths
from missions.models import Mission, Revision
from missions.paths import is_valid
from missions.storage import FileManager, sha256
from missions.watcher import measures
from missions.watcher.eyes import Identity
from parallagon.core.errors import FileOperationError, ValidationError

logger = logging.getLogger(__name__)

REMOVAL_SECONDS = 2.0  # editors replace a file by way of a moment without it
_LATE_SECONDS = 1.0  # between looks at a file that is displaced and still written
_TOGETHER = 50  # files under one hold of the write lock, so that people need not wait
_YOUNG_NS = 1_000_000_000  # a file changed so recently may change again within one time stamp

Stamp = tuple[int, int, int, int]


def stamp(status: os.stat_result) -> Stamp:
    """Return what differs when a file was written, as far as the system tells."""
    return status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_ino


@dataclass(kw_only=True)
class WatchedMission:
    """What was seen of a mission's folder, and which paths have to be looked at.

    Attributes:
        seen: stamps of the files that are as they should be.
        refused: stamps of those that cannot be revisions; looked at again when they change.
        dirty: paths to look at.
        missing: paths of files that are not there, and since when.
        late: displaced bytes that may not have been looked at, and when that is due.
        folders: which folders there are, ``""`` for the root.
        must_rescan: everything has to be looked at.
        is_gone: the folder is not there, or empty.
    """

    mission: Mission
    seen: dict[str, Stamp] = field(default_factory=dict)
    refused: dict[str, Stamp] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
    missing: dict[str, float] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)
    folders: dict[str, Identity] = field(default_factory=dict)
    must_rescan: bool = True
    is_gone: bool = False

    def __post_init__(self) -> None:
        self.folder = FileManager(self.mission)
        self.root = Path(os.path.abspath(self.folder.root))  # noqa: PTH100 - links stay as they are

    # -- what the eyes tell --------------------------------------------------------------------
    def hear(self, path: str) -> None:
        """Remember that something changed at ``path``, relative to the folder."""
        if Displaced.at(path):
            self.late.setdefault(path, time.monotonic())
        elif path == "" or path in self.folders:
            self.must_rescan = True
        elif is_valid(path):
            self.dirty.add(path)
        elif (
            "/." not in f"/{path}"
            and (self.root / path).is_dir()
            and not (self.root / path).is_symlink()
        ):
            self.must_rescan = True

    def check_root(self) -> None:
        """Notice that the folder came, went, or is another one."""
        try:
            status = self.root.stat(follow_symlinks=False)
            identity = (status.st_dev, status.st_ino)
        except OSError:
            identity = None
        if identity != self.folders.get("") or (identity and self.is_gone):
            self.must_rescan = True

    def due_in(self, now: float) -> float | None:
        """Return in how many seconds there is something to do; ``None``: nothing to wait for."""
        if self.dirty or self.must_rescan:
            return 0.0
        ends = [since + REMOVAL_SECONDS for since in self.missing.values()]
        ends += self.late.values()
        return max(0.0, min(ends) - now) if ends else None

    # -- what is done about it -----------------------------------------------------------------
    def work(self) -> None:
        """Look at what is due and take in what other programs did.

        Raises:
            ParallagonError: it could not be finished; what is left is still to do.
            DatabaseError: likewise.
        """
        if self.must_rescan:
            self._rescan()
        while self.dirty and not self.is_gone:
            paths = list(islice(sorted(self.dirty), _TOGETHER))
            self._look(paths)
            self.dirty.difference_update(paths)
        self._look_at_late()
        self._remove()

    def _rescan(self) -> None:
        measures.RESCANS.inc()
        try:
            sight = self.folder.look_around(known=self.seen)
        except FileOperationError as error:
            self._lose(error.message)
            self.must_rescan = False
            return
        self.folders = {
            path: (status.st_dev, status.st_ino) for path, status in sight.folders.items()
        }
        found = {path: stamp(status) for path, status in sight.files.items()}
        present = set(present_paths(self.mission.pk))
        if present and not found and not self._has_any(present):
            self._lose("It is empty.")
            self.must_rescan = False
            return
        self._find_again()
        known = {**self.refused, **self.seen}
        self.dirty.update(path for path, one in found.items() if known.get(path) != one)
        self.dirty.update(present - found.keys())
        self.seen = {path: one for path, one in self.seen.items() if path in found}
        self.refused = {path: one for path, one in self.refused.items() if path in found}
        for kept in sight.kept:
            self.late.setdefault(kept, time.monotonic())
        self.must_rescan = False

    def _has_any(self, paths: Iterable[str]) -> bool:
        return any(os.path.lexists(self.root / path) for path in paths)

    def _look(self, paths: list[str]) -> None:
        """Compare files with what is current, without the lock; take in those that differ."""
        current = load(self.mission.pk, paths)
        differing: dict[str, Stamp] = {}
        for path in paths:
            one = self._stamp(path)
            if one is None:
                self._miss(path, is_current=_is_right(current[path], current[path].hash))
                continue
            self.missing.pop(path, None)
            if self.refused.get(path) == one:
                continue
            hash_ = self._hash(path, one)
            if _is_right(current[path], hash_):
                self._remember(path, one)
            elif hash_ is not None:
                differing[path] = one
        if differing:
            self._take_in(differing)

    def _take_in(self, differing: dict[str, Stamp]) -> None:
        revisions = take_in(self.mission, list(differing), now=timezone.now())
        self._count(revisions)
        taken = {revision.path for revision in revisions}
        for path, one in differing.items():
            if path in taken:
                self._remember(path, one)
            else:
                self.refused[path] = one

    def _remove(self) -> None:
        """Let files count as removed that have stayed away."""
        ends = time.monotonic() - REMOVAL_SECONDS
        due = sorted(path for path, since in self.missing.items() if since <= ends)[:_TOGETHER]
        if not due:
            return
        try:
            revisions = take_in(self.mission, [], now=timezone.now(), removed=due)
        except FolderEmptied as error:
            self._lose(error.message)
            return
        except FileOperationError:
            self.must_rescan = True  # it tells whether the folder is gone
            raise
        self._count(revisions)
        for path in due:
            self.missing.pop(path, None)
        if revisions:  # what differs from a removed name by case only may be taken in now
            self.refused.clear()
            self.must_rescan = True

    def _look_at_late(self) -> None:
        now = time.monotonic()
        for kept in [path for path, due in self.late.items() if due <= now]:
            displaced = Displaced.at(kept)
            if displaced is None or not os.path.lexists(self.root / kept):
                self.late.pop(kept, None)
                continue
            self.late[kept] = now + _LATE_SECONDS
            self._count(take_in(self.mission, [displaced.path], now=timezone.now()))
            if not os.path.lexists(self.root / kept):
                self.late.pop(kept, None)

    # -- the folder comes and goes -------------------------------------------------------------
    def _lose(self, reason: str) -> None:
        if not self.is_gone:
            logger.warning(
                "the folder of mission %s (%s) is gone, nothing counts as removed: %s",
                self.mission.pk,
                self.root,
                reason,
            )
            measures.FOLDERS_GONE.inc()
        self.is_gone = True
        self.folders = {path: one for path, one in self.folders.items() if path == ""}
        self.dirty.clear()
        self.missing.clear()

    def _find_again(self) -> None:
        if self.is_gone:
            logger.info("the folder of mission %s is back", self.mission.pk)
            measures.FOLDERS_GONE.dec()
        self.is_gone = False

    # -- one file ------------------------------------------------------------------------------
    def _stamp(self, path: str) -> Stamp | None:
        try:
            return stamp(os.lstat(self.root / path))
        except OSError:
            return None

    def _hash(self, path: str, one: Stamp) -> str | None:
        measures.FILES_READ.inc()
        try:
            content = self.folder.read(path)
        except (ValidationError, FileOperationError) as error:
            logger.warning("left as it is: %s", error.message)
            self.refused[path] = one
            return None
        return None if content is None else sha256(content)

    def _miss(self, path: str, *, is_current: bool) -> None:
        self.seen.pop(path, None)
        self.refused.pop(path, None)
        if is_current:
            self.missing.setdefault(path, time.monotonic())
        else:
            self.missing.pop(path, None)

    def _remember(self, path: str, one: Stamp) -> None:
        if time.time_ns() - one[0] > _YOUNG_NS:
            self.seen[path] = one

    @staticmethod
    def _count(revisions: Iterable[Revision]) -> None:
        for revision in revisions:
            measures.TAKEN_IN.labels(revision.operation).inc()


def _is_right(current: Current, hash_: str | None) -> bool:
    """Return whether these bytes are what belongs at exactly that path."""
    return hash_ is not None and hash_ == current.hash and not current.is_elsewhere
