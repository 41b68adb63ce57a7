"""Locks that are files: the system frees them when their holder dies, however it dies.

A lock file lies in the data directory, never in a mission's folder, is never the file that is
replaced, and is opened close-on-exec, so that a program started meanwhile keeps no lock alive.
A process that forks without exec must not hold one. A file is deleted only by who has its lock,
and whoever got a lock looks whether the file is still the one of that name: so nobody ever holds
the lock of a file that was deleted.
"""

import contextlib
import os
import time
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import portalocker
from django.conf import settings
from portalocker.exceptions import AlreadyLocked, LockException

from missions.locks.holder import Holder
from parallagon.core.errors import FileOperationError

_CHECK_SECONDS = 0.005
_FACTS = 1000  # bytes


class HeldFile:
    """A lock file that this process has locked."""

    def __init__(self, lock: "portalocker.Lock[Any]", file: IO[Any]) -> None:
        self._lock = lock
        self._file = file

    def say(self, holder: Holder) -> None:
        """Leave the facts for whoever looks; without them the lock is as good."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), 0)
            os.write(self._file.fileno(), holder.dumps().encode())

    def ensure(self, *, for_at_most: float) -> None:
        """Do nothing: the system takes it from no living process."""

    def release(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.ftruncate(self._file.fileno(), 0)
        with contextlib.suppress(OSError, LockException):
            self._lock.release()

    def is_current(self, path: Path) -> bool:
        """Return whether the locked file is still the one of this name."""
        mine = os.fstat(self._file.fileno())
        try:
            there = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


class FileLocks:
    """Locks by files in the data directory."""

    is_certain = True

    @property
    def folder(self) -> Path:
        return Path(settings.DATA_DIR) / "locks"

    def acquire(self, name: str, purpose: str, *, timeout: float, is_brief: bool) -> HeldFile:
        held = self._acquire(name, timeout)
        held.say(Holder.this(purpose))
        return held

    def holder(self, name: str) -> Holder | None:
        try:
            with (self.folder / f"{name}.lock").open("rb") as file:
                holder = Holder.loads(file.read(_FACTS))
        except OSError:
            return None
        # One that was killed could not take its facts away.
        return None if holder is None or self.is_free(name) else holder

    def is_free(self, name: str) -> bool:
        if not (self.folder / f"{name}.lock").exists():
            return True
        try:
            self._acquire(name, 0).release()
        except AlreadyLocked:
            return False
        return True

    def forget(self, name: str) -> bool:
        if not (self.folder / f"{name}.lock").exists():
            return True
        try:
            held = self._acquire(name, 0)
        except AlreadyLocked:
            return False
        with contextlib.suppress(FileNotFoundError):
            (self.folder / f"{name}.lock").unlink()
        held.release()
        return True

    def names(self, *, before: datetime) -> list[str]:
        found = []
        for path in self.folder.glob("*.lock"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    found.append(path.stem)
        return sorted(found)

    def _acquire(self, name: str, timeout: float) -> HeldFile:
        """Lock the file of this name; again if it was deleted while this process waited."""
        path = self.folder / f"{name}.lock"
        ends = time.monotonic() + timeout
        while True:
            lock = self._lock(path, max(0.0, ends - time.monotonic()))
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                held = HeldFile(lock, lock.acquire())
            except AlreadyLocked:
                raise
            except (LockException, OSError) as error:
                reason = getattr(error, "strerror", None) or error
                raise FileOperationError(f"The locks cannot be used: {reason}.") from error
            if held.is_current(path):
                return held
            lock.release()

    @staticmethod
    def _lock(path: Path, seconds: float) -> "portalocker.Lock[Any]":
        return portalocker.Lock(
            path,
            "a",
            timeout=seconds,
            check_interval=_CHECK_SECONDS,
            fail_when_locked=seconds <= 0,
            flags=portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING,
        )
