"""What a killed process leaves behind, whatever session it moved to, falls to us and is ended."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Collection

import psutil

PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Let orphaned descendants become children of this process instead of init's (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(known: Collection[int]) -> int:
    """Kill and reap every child that is not in ``known``; return how many there were.

    Their own children fall to us in turn, so it goes on until none is left.
    """
    count = 0
    while orphans := [child for child in psutil.Process().children() if child.pid not in known]:
        for orphan in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                orphan.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(orphan.pid, 0)
            count += 1
    return count
