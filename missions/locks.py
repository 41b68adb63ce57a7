"""Locks that hold across processes and die with their holder (portalocker's file locks).

A lock file lies in the data directory, never in a mission's folder, is never the file that is
replaced, and is opened close-on-exec, so that a program started meanwhile keeps no lock alive.
A process that forks without exec must not hold one.
"""

import contextlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import portalocker
from django.conf import settings
from django.utils.translation import gettext as _
from portalocker.exceptions import AlreadyLocked, LockException

from parallagon.core.errors import FileOperationError, LockError

_CHECK_SECONDS = 0.005
_CLAIM_SECONDS = 10
_PROBE_SECONDS = 0.5  # whoever asks whether a run's lock is free holds it for an instant


@contextmanager
def write_lock(mission_id: int, *, timeout: float | None = None) -> Iterator[None]:
    """Hold the mission's write lock, for the milliseconds in which bytes are read or replaced.

    Take it before a transaction, never inside one. Nobody may take it twice: the same thread
    would wait for itself until the timeout.

    Args:
        mission_id: whose folder is worked on.
        timeout: seconds to wait; ``None`` waits ``PARALLAGON_LOCK_TIMEOUT``.

    Raises:
        LockError: someone else holds it.
        FileOperationError: the locks cannot be used at all.
    """
    seconds = settings.PARALLAGON_LOCK_TIMEOUT if timeout is None else timeout
    lock = _lock(_mission_name(mission_id), seconds)
    sentence = f"The mission's files are busy: tried for {seconds:g} s. Try again."
    _acquire(lock, sentence, mission=mission_id)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def folder_claims() -> Iterator[None]:
    """Hold the lock under which missions choose folders outside of the data directory.

    Take it before a mission's write lock, never inside one.

    Raises:
        LockError: someone else holds it.
        FileOperationError: the locks cannot be used at all.
    """
    lock = _lock("folders.lock", _CLAIM_SECONDS)
    _acquire(lock, _("Someone else is choosing a folder. Try again."))
    try:
        yield
    finally:
        lock.release()


def forget_mission(mission_id: int) -> None:
    """Delete the lock file of a mission whose rows are gone: whoever waits for it finds none."""
    with contextlib.suppress(OSError):
        (_folder() / _mission_name(mission_id)).unlink()


class RunLock:
    """Held by a worker for a whole cycle: free means that the run's worker is gone."""

    def __init__(self, run_id: uuid.UUID | str) -> None:
        self.run_id = str(run_id)
        self._lock = _lock(_run_name(run_id), _PROBE_SECONDS)

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            LockError: another worker holds it.
        """
        _acquire(self._lock, "Another worker is at this run.", run=self.run_id)

    def release(self) -> None:
        self._lock.release()

    @staticmethod
    def is_free(run_id: uuid.UUID | str) -> bool:
        """Return whether no living process holds the run's lock."""
        if not (_folder() / _run_name(run_id)).exists():
            return True
        lock = _lock(_run_name(run_id), 0)
        try:
            _acquire(lock, "held", run=str(run_id))
        except LockError:
            return False
        lock.release()
        return True

    @staticmethod
    def forget(run_id: uuid.UUID | str) -> bool:
        """Delete the lock file of a finished run, unless somebody still holds it."""
        lock = _lock(_run_name(run_id), 0)
        try:
            _acquire(lock, "held", run=str(run_id))
        except LockError:
            return False
        with contextlib.suppress(FileNotFoundError):
            (_folder() / _run_name(run_id)).unlink()
        lock.release()
        return True


def _mission_name(mission_id: int) -> str:
    return f"mission-{mission_id}.lock"


def _run_name(run_id: uuid.UUID | str) -> str:
    return f"run-{uuid.UUID(str(run_id))}.lock"


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "locks"


def _lock(name: str, seconds: float) -> "portalocker.Lock[Any]":
    return portalocker.Lock(
        _folder() / name,
        "a",
        timeout=seconds,
        check_interval=_CHECK_SECONDS,
        fail_when_locked=seconds <= 0,
        flags=portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING,
    )


def _acquire(lock: "portalocker.Lock[Any]", sentence: str, **details: object) -> None:
    started = time.monotonic()
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except AlreadyLocked as error:
        waited = round(time.monotonic() - started, 3)
        raise LockError(sentence, waited=waited, **details) from error
    except (LockException, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileOperationError(f"The locks cannot be used: {reason}.", **details) from error
