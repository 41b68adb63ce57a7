"""Which kind of lock this installation uses."""

from django.conf import settings

from missions.locks.backend import Backend
from missions.locks.files import FileLocks
from missions.locks.pubsub import RedisLocks

_KINDS: dict[str, Backend] = {"file": FileLocks(), "redis": RedisLocks()}


def backend() -> Backend:
    """Return the kind of lock that ``PARALLAGON_LOCKS`` names."""
    return _KINDS[settings.PARALLAGON_LOCKS]


def are_certain() -> bool:
    """Return whether a held lock proves a living holder; otherwise one may be lost unnoticed."""
    return backend().is_certain
