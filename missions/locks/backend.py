"""What a kind of lock must be able to do, and how it fails.

Whoever cannot get a lock is told by portalocker's own ``AlreadyLocked``.
"""

from datetime import datetime
from typing import Protocol

from missions.locks.holder import Holder
from parallagon.core.errors import LockError


class LockLost(LockError):  # noqa: N818 - says what happened
    """The lock went to someone else while its holder was at work, or may have."""

    code = "lock_lost"


class LocksUnavailable(LockError):  # noqa: N818 - says what happened
    """What the locks are made of does not answer; nothing can be said about who holds one."""

    code = "locks_unavailable"


class Held(Protocol):
    """A lock that this process has."""

    def ensure(self, *, for_at_most: float) -> None:
        """Raise ``LockLost`` if it is lost, or could be: held longer than so many seconds."""

    def release(self) -> None:
        """Give it back; never raises."""


class Backend(Protocol):
    """A kind of lock, by name."""

    @property
    def is_certain(self) -> bool:
        """Whether a lock that is held proves a living holder, and a free one that there is none."""

    def acquire(self, name: str, purpose: str, *, timeout: float, is_brief: bool) -> Held:
        """Take a lock, waiting up to ``timeout`` seconds.

        Args:
            name: of the lock.
            purpose: what people are told it is for.
            timeout: 0 tries once.
            is_brief: it is held for milliseconds, so giving it back must be quick.

        Raises:
            AlreadyLocked: someone else has it.
            LocksUnavailable: Redis does not answer.
            FileOperationError: the files of the locks cannot be used.
        """

    def holder(self, name: str) -> Holder | None:
        """Return who has it, as far as is known; ``None`` when nobody has, or it is not known."""

    def is_free(self, name: str) -> bool:
        """Return whether nobody has it now."""

    def forget(self, name: str) -> bool:
        """Remove what is left of a lock that nobody has; return whether nobody had it."""

    def names(self, *, before: datetime) -> list[str]:
        """Return the locks of which something is left that nobody touched since ``before``."""
