"""The thread that brings an engine's process back when it ended while nobody asked for it."""

import logging
import threading
import time
import weakref
from collections.abc import Callable

from agents.aider.protocol import EngineUnavailable

LOOK_SECONDS = 0.25
FIRST_PAUSE = 0.5  # seconds before the next start when one was needed, doubled each time
LONGEST_PAUSE = 60.0  # seconds; after as long a life the pauses are short again

logger = logging.getLogger(__name__)


class Keeper:
    """Calls `revive` again and again, until it is stopped or the owner of `revive` is gone.

    `revive` is a method that starts the process again if it ended, and says whether it had; it
    raises EngineUnavailable or OSError when it cannot.
    """

    def __init__(self, revive: Callable[[], bool]) -> None:
        # Weak: an engine that nobody holds any more ends, and is not kept alive by this.
        self._revive = weakref.WeakMethod(revive)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="aider-engine-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for a start that is under way."""
        self._is_stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        wait, pause, ended_at = LOOK_SECONDS, FIRST_PAUSE, time.monotonic()
        while not self._is_stopped.wait(wait):
            had_ended = self._look()
            if had_ended is None:
                return
            wait = LOOK_SECONDS
            if had_ended:
                wait, pause, ended_at = pause, min(2 * pause, LONGEST_PAUSE), time.monotonic()
            elif time.monotonic() - ended_at > LONGEST_PAUSE:
                pause = FIRST_PAUSE

    def _look(self) -> bool | None:
        """Say whether the process had ended; None when there is no engine to keep any more."""
        revive = self._revive()
        if revive is None:
            return None
        try:
            return revive()
        except (EngineUnavailable, OSError) as error:
            logger.warning("the Aider engine could not be started again: %s", error)
            return True
