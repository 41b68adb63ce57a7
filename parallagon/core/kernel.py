"""What Linux offers and Python does not: swap two names in one step, keep writers off."""

import ctypes
import errno
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

_NO_REPLACE, _EXCHANGE = 1, 2
_REFUSALS = {errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP}
_LOOK_SECONDS = 0.002
_libc = ctypes.CDLL(None, use_errno=True)


class NotOffered(OSError):  # noqa: N818 - says what the system answered
    """This kernel or file system does not do that; there is a plainer way."""


def exchange(folder: int, one: str, other: str) -> None:
    """Let two names in an open folder swap what they stand for, in one step.

    Raises:
        NotOffered: use ``os.replace``.
        FileNotFoundError: one of them is missing.
        OSError: the folder or the disk refused.
    """
    _rename(folder, one, other, _EXCHANGE)


def rename_to_free_name(folder: int, old: str, new: str) -> None:
    """Rename in an open folder, unless something has the new name already.

    Raises:
        NotOffered: use ``os.replace``.
        FileExistsError: something has the new name.
        OSError: the folder or the disk refused.
    """
    _rename(folder, old, new, _NO_REPLACE)


def _rename(folder: int, old: str, new: str, flags: int) -> None:
    call: Callable[..., int] | None = getattr(_libc, "renameat2", None)
    if call is None:
        raise NotOffered(errno.ENOSYS, os.strerror(errno.ENOSYS), new)
    if call(folder, os.fsencode(old), folder, os.fsencode(new), ctypes.c_uint(flags)) == 0:
        return
    number = ctypes.get_errno()
    if number in _REFUSALS:
        raise NotOffered(number, os.strerror(number), new)
    raise OSError(number, os.strerror(number), new)


@contextmanager
def held_still(descriptor: int, *, patience: float) -> Iterator[None]:
    """Keep everyone from writing to an open file for the length of the block: be quick.

    The kernel grants a read lease on a file that nobody has open for writing, and lets whoever
    opens it for writing meanwhile wait until the lease is given back. Where leases are not to be
    had (another user's file, some network file systems), the block runs without.

    Args:
        descriptor: open for reading only.
        patience: seconds to wait for those who write.

    Raises:
        BlockingIOError: somebody still writes.
    """
    ends = time.monotonic() + patience
    while (lease := _lease(descriptor)) is Lease.BUSY:
        if time.monotonic() >= ends:
            raise BlockingIOError(errno.EAGAIN, "someone writes to the file")
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        if lease is Lease.HELD:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)


class Lease(Enum):
    HELD = auto()
    BUSY = auto()
    REFUSED = auto()


def _lease(descriptor: int) -> Lease:
    try:
        # Whoever wants to write makes the kernel send a signal; this one is ignored by default.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return Lease.BUSY if error.errno == errno.EAGAIN else Lease.REFUSED
    return Lease.HELD
