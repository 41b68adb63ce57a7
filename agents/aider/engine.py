"""The warm engine's client: `Engine.run()` runs Aider once, contained, in well under 100 ms.

One `Engine` serves a whole worker process, from any number of threads. It imports nothing of the
project and no Django.
"""

import itertools
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from agents.aider import sandbox
from agents.aider.conversation import Conversation, Ending, OnOutput, ShouldStop
from agents.aider.keeper import Keeper
from agents.aider.process import EngineProcess
from agents.aider.protocol import (
    EngineHealth,
    EngineRequest,
    EngineResult,
    EngineUnavailable,
    Family,
    Limits,
    RefusedEdit,
)
from agents.aider.snapshot import Snapshot

__all__ = [
    "Engine",
    "EngineHealth",
    "EngineRequest",
    "EngineResult",
    "EngineUnavailable",
    "Limits",
    "RefusedEdit",
]

logger = logging.getLogger(__name__)


class Engine:
    """A preloaded Aider process that is kept running, and replaced when it died or grew old.

    From its first start to `close` it comes back by itself, before the next run asks for it.

    `start_timeout` is in seconds; after `runs_before_restart` runs a fresh process takes over
    while the old one finishes what it has. `environment` is where the few variables that the
    engine may know are taken from (default: this process's). It is warm for models of `families`;
    others work as well, some tenths of a second slower.
    """

    def __init__(
        self,
        *,
        start_timeout: float = 60,
        runs_before_restart: int = 500,
        environment: Mapping[str, str] | None = None,
        families: Sequence[Family] = ("openai",),
    ) -> None:
        self._start_timeout = start_timeout
        self._runs_before_restart = runs_before_restart
        self._environment = environment
        self._families = tuple(families)
        self._numbers = itertools.count(1)
        self._forget()

    def _forget(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._process: EngineProcess | None = None
        self._replacing: threading.Thread | None = None
        self._keeper: Keeper | None = None
        self._starts = 0

    def start(self) -> None:
        """Start the process and wait until it is warm. Raises EngineUnavailable with a sentence."""
        with self._lease():
            return

    def run(
        self, request: EngineRequest, *, on_output: OnOutput, should_stop: ShouldStop
    ) -> EngineResult:
        """Run Aider once and return how it ended; no process of the run is left then.

        `on_output` gets log lines and reply text while it runs; `should_stop` is polled 20 times a
        second, and a reason ends the run at once. Both are called from this thread; what they
        raise ends the run and is raised here. An engine that cannot serve is a result, too.
        """
        started = time.monotonic()
        before = Snapshot(request)
        ending = self._carry(request, on_output, should_stop)
        if ending.may_try_again:
            ending = self._carry(request, on_output, should_stop)
        created, edited = before.changes()
        return EngineResult(
            status=ending.status,
            reason=ending.reason,
            refused=tuple(ending.refused),
            created=created,
            edited=edited,
            seconds=time.monotonic() - started,
            remark=ending.remark,
        )

    def _carry(
        self, request: EngineRequest, on_output: OnOutput, should_stop: ShouldStop
    ) -> Ending:
        try:
            with self._lease() as process:
                number = next(self._numbers)
                return Conversation(process, number, request).carry(on_output, should_stop)
        except EngineUnavailable as error:
            return Ending("unavailable", str(error))

    def health(self) -> EngineHealth:
        """Return the state of the engine; takes up to five seconds when its process hangs."""
        process = self._process
        is_alive = process is not None and process.is_alive()
        counters = process.counters() if process is not None and is_alive else {}
        return EngineHealth(
            pid=process.pid if process else None,
            alive=is_alive,
            answers="forks" in counters,
            forks=int(counters.get("forks", 0)),
            running=int(counters.get("running", 0)),
            sandbox=sandbox.available_level(),
            landlock_abi=sandbox.landlock_abi(),
            aider_version=process.aider_version if process else None,
            restarts=max(0, self._starts - 1),
        )

    def close(self) -> None:
        """End the process and every run in it; a later run starts a new one."""
        if self._owner != os.getpid():
            return
        replacing = self._replacing
        if replacing is not None:
            replacing.join()
        with self._lock:
            process, self._process = self._process, None
            keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.stop()
        if process is not None:
            process.close()

    @contextmanager
    def _lease(self) -> Iterator[EngineProcess]:
        """Give a live process and keep it while it is in use. Raises EngineUnavailable."""
        if self._owner != os.getpid():
            self._forget()
        with self._lock:
            process = self._current()
            process.in_flight += 1
            process.runs += 1
        try:
            yield process
        finally:
            with self._lock:
                process.in_flight -= 1
                is_done = process is not self._process and process.in_flight == 0
            if is_done:
                process.close()

    def _current(self) -> EngineProcess:
        process = self._process
        if process is not None and not process.is_alive():
            logger.warning("the Aider engine ended (%s); starting it again", process.last_words())
            self._retire(process)
            process = None
        if process is None:
            process = self._process = self._started()
            self._keeper = self._keeper or Keeper(self._revive)
        elif process.runs >= self._runs_before_restart and self._replacing is None:
            self._replacing = threading.Thread(target=self._replace, name="aider-engine-restart")
            self._replacing.start()
        return process

    def _revive(self) -> bool:
        """Start the process again if it ended, and say whether it had. Raises EngineUnavailable."""
        process = self._process
        if process is not None and process.is_alive():
            return False
        with self._lock:
            process = self._process
            if self._keeper is None or (process is not None and process.is_alive()):
                return False  # closed, or a run was faster
            self._current()
        return True

    def _started(self) -> EngineProcess:
        environment = os.environ if self._environment is None else self._environment
        process = EngineProcess(environment, self._start_timeout, self._families)
        self._starts += 1
        logger.info("the Aider engine is warm (process %s)", process.pid)
        return process

    def _replace(self) -> None:
        """Warm a new process while the old one still serves, then swap them."""
        try:
            fresh = self._started()
        except EngineUnavailable as error:
            logger.warning("the Aider engine could not be replaced: %s", error)
            self._replacing = None
            return
        with self._lock:
            old, self._process = self._process, fresh
            self._replacing = None
            if old is not None:
                self._retire(old)

    def _retire(self, process: EngineProcess) -> None:
        """Close a process that nobody uses; the last one who does closes it otherwise."""
        self._process = None if self._process is process else self._process
        if process.in_flight == 0:
            process.close()
