"""What a killed process leaves behind, whatever session it moved to, falls to us and is ended."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Collection

import psutil

PR_SET_CHILD_SUBREAPER = 36


class Orphans:
    """Between ``adopt`` and ``disown``, orphaned descendants become children of this process
    instead of init's (Linux). Children it had before are none of ours.
    """

    def __init__(self) -> None:
        self._not_ours: set[int] = set()

    def adopt(self) -> None:
        self._not_ours = {child.pid for child in psutil.Process().children()}
        _become_subreaper(is_wanted=True)

    def disown(self) -> None:
        _become_subreaper(is_wanted=False)

    def end(self, *, known: Collection[int]) -> None:
        """Kill and reap every child that is not in ``known``.

        Their own children fall to us in turn, so it goes on until none is left.
        """
        wanted = self._not_ours.union(known)
        while orphans := [one for one in psutil.Process().children() if one.pid not in wanted]:
            for orphan in orphans:
                with contextlib.suppress(psutil.NoSuchProcess):
                    orphan.kill()
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(orphan.pid, 0)


def _become_subreaper(*, is_wanted: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(is_wanted), 0, 0, 0)
