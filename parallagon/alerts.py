"""What alerts can watch of the installation itself: its processes and its disk."""

import shutil
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications.alerts.measures import INSTALLATION, Answer, Measure, Question, Reading, register
from notifications.models import AlertRule
from parallagon.core import heartbeats
from parallagon.inside import room

EXPECTED: Final = (*room.EXPECTED, "upkeep")
"""What must run behind the web, on whatever hosts."""


def register_measures() -> None:
    """Let alerts watch the installation."""
    register(
        Measure(
            key="processes.silent",
            label=_("processes that are silent"),
            help=_("Workers, clock and watcher of which nothing was heard for half a minute."),
            cause=_("Nothing is heard of: %(names)s."),
            unit="count",
            scopes=INSTALLATION,
            read=silent_processes,
            threshold=1,
            window=AlertRule.Window.MINUTE,
        ),
        Measure(
            key="disk.used",
            label=_("disk used"),
            help=_("How full the disk is on which the data directory lies."),
            cause=_("%(value)s of the disk with the data are used, %(free)s GB are free."),
            unit="percent",
            scopes=INSTALLATION,
            read=disk_used,
            threshold=90,
        ),
    )


def silent_processes(_question: Question) -> Answer:
    """Return how many of the expected processes are silent; no query.

    Raises:
        redis.RedisError: nobody can be asked.
    """
    names = heartbeats.silent(EXPECTED)
    return {None: Reading(value=len(names), params={"names": ", ".join(names)})}


def disk_used(_question: Question) -> Answer:
    """Return how full the disk is, as a user without privileges finds it; no query.

    Raises:
        OSError: the data directory cannot be reached.
    """
    disk = shutil.disk_usage(settings.DATA_DIR)
    there = disk.used + disk.free
    share = 100 * disk.used / there if there else 100.0
    free = f"{disk.free / 10**9:.1f}"
    return {None: Reading(value=round(share, 1), params={"free": free})}
