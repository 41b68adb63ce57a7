"""A process that holds one lock until it is told to give it back, or killed.

Run as a program with what ``holding()`` gives it. It says ``held``; at each line of its input it
says whether it still counts on the lock (``held`` or ``lost``), and at its end it gives it back.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).parents[2]
NAMES = ("PARALLAGON_LOCKS", "REDIS_URL", "REDIS_PREFIX", "PARALLAGON_LOCK_TIMEOUT")


class HolderProcess:
    """The other side of it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.pid = process.pid

    def listen(self) -> str:
        assert self.process.stdout is not None
        line: str = self.process.stdout.readline()
        return line.strip()

    def ask(self) -> str:
        """Return ``held`` or ``lost``."""
        assert self.process.stdin is not None
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return self.listen()

    def finish(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)


@contextmanager
def holding(*, mission: int | None = None, run: str | None = None) -> Iterator[HolderProcess]:
    """Hold a lock of these settings in another process."""
    values = {name: getattr(settings, name) for name in NAMES}
    given = {"mission": mission, "run": run, "settings": values, "data": str(settings.DATA_DIR)}
    with subprocess.Popen(
        [sys.executable, __file__, json.dumps(given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            other = HolderProcess(process)
            assert other.listen() == "held"
            yield other
        finally:
            process.kill()


def main() -> None:
    given = json.loads(sys.argv[1])
    settings.configure(
        **given["settings"], DATA_DIR=Path(given["data"]), USE_TZ=True, USE_I18N=False
    )
    from missions import locks

    def say(word: str) -> None:
        print(word, flush=True)  # noqa: T201 - this is its protocol

    if given["run"]:
        lock = locks.RunLock(given["run"])
        lock.acquire()
        say("held")
        sys.stdin.read()
        lock.release()
        return
    with locks.write_lock(given["mission"]):
        say("held")
        for _line in sys.stdin:
            try:
                locks.ensure_held(given["mission"])
                say("held")
            except locks.LockLost:
                say("lost")


if __name__ == "__main__":
    main()
