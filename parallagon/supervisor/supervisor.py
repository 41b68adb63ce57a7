"""Keep a set of processes running until told to stop, then leave none."""

import contextlib
import select
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from parallagon.supervisor.orphans import Orphans
from parallagon.supervisor.process import ProcessSpec, SupervisedProcess

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 10.0  # seconds between SIGTERM and SIGKILL
LONGEST_WAIT = 5.0  # seconds without a look, when nothing happens
EARLY_ENDS = 3  # before everything is up, that often means: never


class Supervisor:
    """A context: entering takes over the signals, leaving ends every process.

    One thread does everything. It sleeps until a process writes or ends, a signal comes, or a
    process is due to be started again. A second signal while it stops ends all at once.
    """

    def __init__(self, *, folder: Path, say: Callable[[str, str], None]) -> None:
        self.processes: list[SupervisedProcess] = []
        self._folder = folder
        self._say = say
        self._signal_count = 0
        self._signal_at = -1.0
        self._orphans = Orphans()
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._orphans.adopt()
        self._wake, waking = socket.socketpair()
        self._waking = waking
        for end in (self._wake, waking):
            end.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        for number in STOPPING:
            self._before[number] = signal.signal(number, self._note_signal)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _ignore)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._orphans.disown()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal() returned
        signal.set_wakeup_fd(self._wakeup_before)
        self._wake.close()
        self._waking.close()

    @property
    def is_stopping(self) -> bool:
        return self._signal_count > 0

    def start(self, spec: ProcessSpec) -> SupervisedProcess:
        """Start a process and keep it running."""
        process = SupervisedProcess(spec, folder=self._folder, say=self._say)
        self.processes.append(process)
        process.start()
        return process

    def run_until(self, condition: Callable[[], bool], *, within: float | None = None) -> bool:
        """Watch until ``condition`` holds (asked four times a second); return whether it does.

        ``False`` comes after ``within`` seconds, at a signal, or when a process keeps ending.
        """
        end = None if within is None else time.monotonic() + within
        while not self.is_stopping:
            if condition():
                return True
            if self.failing() or (end is not None and time.monotonic() > end):
                return False
            self._turn(0.25)
        return False

    def run(self) -> None:
        """Watch until a signal asks to stop."""
        while not self.is_stopping:
            self._turn(LONGEST_WAIT)

    def failing(self) -> SupervisedProcess | None:
        """Return a process that has ended too often to be only unlucky."""
        for process in self.processes:
            if process.backoff.failure_count >= EARLY_ENDS:
                return process
        return None

    def stop(self) -> None:
        """End every process, those that others need last; then whatever they left behind."""
        for is_foundation in (False, True):
            self._end([one for one in self.processes if one.spec.is_foundation is is_foundation])
        self._orphans.end(known=())

    def _end(self, processes: list[SupervisedProcess]) -> None:
        signals = self._signal_count
        for process in processes:
            process.terminate()
        patience = time.monotonic() + PATIENCE
        while any(process.is_running for process in processes):
            if time.monotonic() > patience or self._signal_count > signals:
                for process in processes:
                    process.kill()
            self._turn(0.25)

    def _turn(self, longest: float) -> None:
        """Sleep until something happens, then deal with it."""
        dues = [process.due_in for process in self.processes if process.due_in is not None]
        outputs = {one.output: one for one in self.processes if one.output is not None}
        descriptors = [self._wake.fileno(), *outputs]
        ready, _, _ = select.select(descriptors, [], [], min([longest, *dues]))
        signals = self._signals_received()
        for descriptor in ready:
            if descriptor in outputs:
                outputs[descriptor].read()
        for process in self.processes:
            process.look()
        if signal.SIGCHLD in signals or not ready:
            self._orphans.end(known={one.pid for one in self.processes if one.pid is not None})

    def _signals_received(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return self._wake.recv(4096)
        return b""

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        # A terminal and make may both pass on one Ctrl-C: what comes at once counts once.
        now = time.monotonic()
        if now - self._signal_at > 1:
            self._signal_count += 1
        self._signal_at = now


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: that the signal came is what wakes the loop."""
