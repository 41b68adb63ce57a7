"""Facts about this installation that several of those who look inside need."""

import os
from dataclasses import dataclass
from typing import Final, TypedDict

from django.conf import settings

EXPECTED: Final = ("cycles", "default", "beat", "watch", "engine")
"""Who must have been heard of for agents to work and people's other programs to be seen."""


class Patience(TypedDict):
    """How long Redis is waited for, in seconds."""

    socket_timeout: float
    socket_connect_timeout: float


PATIENCE: Final[Patience] = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}


@dataclass(frozen=True, kw_only=True)
class Disk:
    """What may still be written; ``inodes`` is ``inf`` where a file system does not count them."""

    bytes: int
    inodes: float


def disk() -> Disk:
    """Return how much room the data directory has.

    Raises:
        OSError: it is not there.
    """
    found = os.statvfs(settings.DATA_DIR)
    inodes = found.f_favail if found.f_files else float("inf")
    return Disk(bytes=found.f_bavail * found.f_frsize, inodes=inodes)
