"""One process with its group: started, read line by line, brought back, ended."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parallagon.supervisor import guard
from parallagon.supervisor.backoff import Backoff

LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """What to run.

    ``is_foundation``: others need it, so it is ended after them. ``unsaid``: a line that holds one
    of these is not passed on.
    """

    name: str
    command: tuple[str, ...]
    unsaid: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    is_foundation: bool = False


class SupervisedProcess:
    """Keep one command running, in a session and process group of its own.

    Start it from the main thread: the kernel ends it with the thread that started it.
    ``say(name, line)`` gets each line that it writes and what happens to it.
    """

    def __init__(
        self,
        spec: ProcessSpec,
        *,
        folder: Path,
        say: Callable[[str, str], None],
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.spec = spec
        self.backoff = backoff or Backoff()
        self.is_wanted = False
        self._folder = folder
        self._say = say
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._output: int | None = None
        self._rest = b""
        self._started_at = 0.0
        self._due_at: float | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def output(self) -> int | None:
        """The descriptor to read from, while there is one."""
        return self._output

    @property
    def due_in(self) -> float | None:
        """Seconds until it is started again, if it waits for that."""
        return None if self._due_at is None else max(0.0, self._due_at - self._clock())

    def start(self) -> None:
        """Start the command; it is wanted from now on."""
        self.is_wanted, self._due_at, self._started_at = True, None, self._clock()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        guarded = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid())]
        try:
            self._process = subprocess.Popen(
                [*guarded, *self.spec.command],
                cwd=self._folder,
                env={**os.environ, **self.spec.environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._output = reading

    def read(self) -> None:
        """Pass on the lines that have come."""
        if self._output is None:
            return
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._output, LONGEST_LINE):
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                if len(self._rest) > LONGEST_LINE:
                    lines, self._rest = [*lines, self._rest], b""
                for line in lines:
                    self._pass_on(line)
            self._close_output()

    def look(self) -> None:
        """Notice an end, and start again when it is time."""
        if self._process is None:
            if self.is_wanted and self.due_in == 0.0:
                self.start()
            return
        status = self._process.poll()
        if status is None:
            return
        self._signal(signal.SIGKILL)  # whatever it left in its group
        self.read()
        self._close_output()
        self._process = None
        if self.is_wanted:
            delay = self.backoff.next_delay(lived=self._clock() - self._started_at)
            self._due_at = self._clock() + delay
            self._say("up", f"{self.spec.name} {_ended(status)}; starting it again in {delay:g} s")

    def terminate(self) -> None:
        """Ask the group to end; it is not wanted any more."""
        self.is_wanted, self._due_at = False, None
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the group at once."""
        self.is_wanted, self._due_at = False, None
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # Not reaped yet, so the number cannot have become someone else's group.
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _pass_on(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text and not any(part in text for part in self.spec.unsaid):
            self._say(self.spec.name, text)

    def _close_output(self) -> None:
        self._pass_on(self._rest)
        self._rest = b""
        if self._output is not None:
            os.close(self._output)
            self._output = None


def _ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
