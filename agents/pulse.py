"""The pulse of this worker's engine: taken every few seconds, told to whoever looks inside."""

import logging
import threading
from typing import Final, Protocol

from agents import measures
from agents.aider.protocol import EngineHealth
from parallagon.core.heartbeats import EVERY, Heart

logger = logging.getLogger(__name__)
NAME: Final = "engine"


class HasHealth(Protocol):
    """An engine, as far as it matters here."""

    def health(self) -> EngineHealth:
        """Return its state."""


class Pulse:
    """Asks the engine how it is; it beats only while the engine answers, as before each fork."""

    def __init__(self, engine: HasHealth, *, every: float = EVERY) -> None:
        self._engine = engine
        self._every = every
        self._heart = Heart(NAME)
        self._forks = 0
        self._restarts = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; from now on nothing is heard of the engine."""
        self._is_over.set()
        measures.ENGINES.set(0)

    def take(self) -> EngineHealth:
        """Ask the engine once, and tell."""
        health = self._engine.health()
        measures.ENGINES.set(int(health.answers))
        measures.ENGINE_RESTARTS.inc(max(0, health.restarts - self._restarts))
        self._restarts = health.restarts
        if health.answers:
            # A fresh process counts from zero; between two looks one may have come and gone.
            grown = health.forks - self._forks
            measures.ENGINE_FORKS.inc(grown if grown >= 0 else health.forks)
            self._forks = health.forks
            self._heart.beat()
        return health

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                self.take()
            except Exception:
                logger.exception("the engine's pulse was not taken")
            self._is_over.wait(self._every)
