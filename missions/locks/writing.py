"""The write lock of a mission: held for the milliseconds in which bytes are read or replaced."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from portalocker.exceptions import AlreadyLocked

from missions import measures
from missions.locks.backend import Held
from missions.locks.choose import backend
from missions.locks.holder import Holder
from parallagon.core import telemetry
from parallagon.core.errors import LockError

LONGEST_HOLD = 60.0
"""Seconds after which a holder no longer counts on a lock that can be lost unnoticed."""

_held: ContextVar[Mapping[int, Held]] = ContextVar("held")


@contextmanager
def write_lock(
    mission_id: int, *, timeout: float | None = None, purpose: str = gettext_noop("a change")
) -> Iterator[None]:
    """Hold the mission's write lock.

    Take it before a transaction, never inside one. Nobody may take it twice: the same thread
    would wait for itself until the timeout.

    Args:
        mission_id: whose folder is worked on.
        timeout: seconds to wait; ``None`` waits ``PARALLAGON_LOCK_TIMEOUT``.
        purpose: what others are told meanwhile.

    Raises:
        LockError: someone else holds it, or the locks do not answer (``LocksUnavailable``).
        FileOperationError: the locks cannot be used at all.
    """
    seconds = settings.PARALLAGON_LOCK_TIMEOUT if timeout is None else timeout
    with telemetry.span("lock.wait", {"mission": mission_id}, foreseen=(LockError,)):
        held = _acquire(mission_id, seconds, purpose)
    token = _held.set({**_held.get({}), mission_id: held})
    try:
        yield
    finally:
        _held.reset(token)
        held.release()


@contextmanager
def write_locks(
    mission_ids: Iterable[int],
    *,
    timeout: float | None = None,
    purpose: str = gettext_noop("a change"),
) -> Iterator[None]:
    """Hold the write locks of several missions, all of them or none.

    They are taken in the order of their numbers, so that two who want the same ones never wait
    for each other; ``timeout`` is for all of them together.

    Raises:
        LockError: someone else holds one of them; none is held then.
        FileOperationError: the locks cannot be used at all.
    """
    seconds = settings.PARALLAGON_LOCK_TIMEOUT if timeout is None else timeout
    ends = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        for mission_id in sorted(set(mission_ids)):
            left = max(0.0, ends - time.monotonic())
            stack.enter_context(write_lock(mission_id, timeout=left, purpose=purpose))
        yield


def ensure_held(mission_id: int) -> None:
    """Look, right before a step that others would see, whether the write lock is still held.

    It costs nothing and cannot see everything: a process may be stopped right after it has looked.

    Raises:
        LockLost: it is not, or has been held for so long that it may not be.
    """
    held = _held.get({}).get(mission_id)
    if held is not None:
        held.ensure(for_at_most=LONGEST_HOLD)


def writer(mission_id: int) -> Holder | None:
    """Return who holds the mission's write lock, as far as is known."""
    return backend().holder(write_name(mission_id))


def write_name(mission_id: int) -> str:
    return f"mission-{mission_id}"


def _acquire(mission_id: int, seconds: float, purpose: str) -> Held:
    started = time.monotonic()
    name = write_name(mission_id)
    try:
        held = backend().acquire(name, purpose, timeout=seconds, is_brief=True)
    except AlreadyLocked as error:
        waited = time.monotonic() - started
        measures.LOCK_WAIT_SECONDS.labels("busy").observe(waited)
        holder = backend().holder(name)
        raise LockError(
            _sentence(waited, holder),
            mission=mission_id,
            waited=round(waited, 3),
            holder=holder and holder.as_data(),
        ) from error
    measures.LOCK_WAIT_SECONDS.labels("taken").observe(time.monotonic() - started)
    return held


def _sentence(waited: float, holder: Holder | None) -> str:
    words = {"waited": f"{waited:.1f}", "holder": holder}
    if holder is None:
        return _("The mission's files are busy: tried for %(waited)s s. Try again.") % words
    return (
        _("The mission's files are busy (%(holder)s): tried for %(waited)s s. Try again.") % words
    )
