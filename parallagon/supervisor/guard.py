"""Become a command that dies with whoever started it: ``python -I -S guard.py PARENT COMMAND…``.

A step of its own between fork and exec, because the parent may have threads: nothing of it may
run in the child. The kernel keeps the wish across exec. Elsewhere than on Linux it is only exec.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(parent: int, command: list[str]) -> None:
    """Ask for SIGKILL at the parent's death, then turn into ``command``."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died before we could ask
            raise SystemExit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - a fixed argument list, no shell
    except OSError as error:
        raise SystemExit(f"{command[0]} cannot be started: {error.strerror}.") from error


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
