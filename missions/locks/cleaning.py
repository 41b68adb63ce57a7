"""What is left of locks that nobody needs any more; one that is held is never touched."""

import re
from collections.abc import Collection
from datetime import datetime

from missions.locks.choose import backend
from missions.locks.writing import write_name

_RUN = re.compile(r"run-[0-9a-f-]{36}")
_MISSION = re.compile(r"mission-(\d+)")


def forget_mission(mission_id: int) -> bool:
    """Remove the write lock of a mission whose rows are gone, unless somebody still holds it."""
    return backend().forget(write_name(mission_id))


def forget_unused(*, before: datetime, missions: Collection[int]) -> int:
    """Remove the locks of runs, and of missions that are not there, untouched since ``before``.

    Args:
        before: what was used later is left alone.
        missions: the numbers of those that are there.

    Returns:
        how many were removed.
    """
    forgotten = 0
    for name in backend().names(before=before):
        mission = _MISSION.fullmatch(name)
        if _RUN.fullmatch(name) or (mission and int(mission[1]) not in missions):
            forgotten += backend().forget(name)
    return forgotten
