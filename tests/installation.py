"""A whole installation: ``manage.py up`` on a free port, in a data directory of its own."""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
READY = "Parallagon is ready: "


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


class Installation:
    """Start one, wait until it is ready, end it; ``said`` holds every line, ``link`` signs in.

    ``settings`` are further variables of its environment.
    """

    def __init__(self, data_directory: Path, *, port: int | None = None, **settings: str) -> None:
        self.data_directory = data_directory
        self.port = port or free_port()
        self.said: list[str] = []
        self.link = ""
        self._settings = settings
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What a person's shell would have, and nothing of this test's settings."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "PARALLAGON_DATA_DIR": str(self.data_directory),
            # Said here, so that the .env of whoever runs the tests has no part in them.
            "PARALLAGON_MODEL": "offline/writer",
            "PARALLAGON_LANGUAGE": "en",
            "PARALLAGON_OFFLINE_PACE": "0",
            **self._settings,
        }

    @property
    def address(self) -> str:
        """Where it answers, without a last slash."""
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run another command of manage.py beside it and return what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_until_ready(self, *, within: float) -> str:
        """Return the sign-in link that its last line tells."""
        self.link = self.wait_for_line(READY, within=within).removeprefix(READY)
        return self.link

    def wait_for_line(self, start: str, *, within: float) -> str:
        """Return the first line from now on that begins with ``start``."""
        end = time.monotonic() + within
        while (line := self._lines.get(timeout=max(0.01, end - time.monotonic()))) is not None:
            self.said.append(line)
            if line.startswith(start):
                return line
        raise AssertionError("it ended: " + "\n".join(self.said))

    def processes(self) -> list[psutil.Process]:
        """Return the supervisor and everything below it."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def find(self, part: str) -> psutil.Process:
        """Return the supervised process whose command line holds ``part``."""
        below = psutil.Process(self.process.pid).children()
        return next(one for one in below if part in " ".join(one.cmdline()))

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = 30) -> int:
        """Send one signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)

    def close(self) -> None:
        """End it whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
