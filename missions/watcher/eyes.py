"""Which paths changed: the system tells, by way of ``watchfiles``.

Each folder is watched for itself, not recursively: a recursive watch follows links out of the
mission, and would watch what no mission may hold (``.git``).
"""

import logging
import queue
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from watchfiles import _rust_notify as notify

from missions.watcher import measures

logger = logging.getLogger(__name__)

Identity = tuple[int, int]  # device and inode: a folder that was made anew is another one
BROKEN = None
BLIND_SECONDS = 60.0  # until the system is asked again

_GROUP_MS = 300  # changes are told together for at most so long
_STEP_MS = 60
_FOREVER = 0  # with a timeout, what comes in the wrong instant would be forgotten


class Eyes:
    """Watch a set of folders, which may be replaced at any time without a gap."""

    def __init__(self) -> None:
        self.is_blind = False
        self._news: queue.SimpleQueue[frozenset[str] | None] = queue.SimpleQueue()
        self._folders: dict[Path, Identity] = {}
        self._sight: _Sight | None = None
        self._blind_until = 0.0

    def watch(self, folders: Mapping[Path, Identity]) -> bool:
        """Watch exactly these folders from now on; return whether that is any different.

        What happened before the return, and is different, may have gone unseen: look again.
        """
        if dict(folders) == self._folders and not self.is_blind:
            return False
        if self.is_blind and time.monotonic() < self._blind_until:
            return False
        try:
            sight = _Sight(folders, self._news)
        except FileNotFoundError:
            return True  # one is gone again; the caller looks and comes back
        except OSError as error:
            self._go_blind(error)
            return False
        if self.is_blind:
            logger.info("the system watches the folders again")
        self.is_blind = False
        self._replace(sight)
        self._folders = dict(folders)
        measures.FOLDERS.set(len(folders))
        measures.IS_BLIND.set(0)
        return True

    def wait(self, seconds: float) -> frozenset[str] | None:
        """Return the paths that changed, empty after so many seconds; ``BROKEN``: look anew."""
        try:
            news = self._news.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return frozenset()
        if news is BROKEN:
            self._folders = {}
        return news

    def close(self) -> None:
        self._replace(None)

    def _replace(self, sight: "_Sight | None") -> None:
        before, self._sight = self._sight, sight
        if before:
            before.close()

    def _go_blind(self, error: OSError) -> None:
        if not self.is_blind:
            logger.warning(
                "The system watches no more folders (%s). Raise fs.inotify.max_user_watches and "
                "fs.inotify.max_user_instances; until then every folder is looked at every few "
                "seconds.",
                error,
            )
        self.is_blind = True
        self._blind_until = time.monotonic() + BLIND_SECONDS
        measures.IS_BLIND.set(1)
        measures.ERRORS.labels("blind").inc()


class _Sight:
    """One watch of the system and the thread that waits for it."""

    def __init__(
        self, folders: Iterable[Path], news: "queue.SimpleQueue[frozenset[str] | None]"
    ) -> None:
        paths = [str(folder) for folder in folders]
        self._notify = notify.RustNotify(paths, False, False, 0, False, False)
        self._news = news
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _tell(self) -> None:
        try:
            while True:
                changes = self._notify.watch(_GROUP_MS, _STEP_MS, _FOREVER, self._is_over)
                if isinstance(changes, str):
                    return
                self._news.put(frozenset(path for _kind, path in changes))
        except Exception as error:  # a name that is no text, a limit: whatever, it is over
            logger.warning("watching broke off and begins anew: %s", error)
            measures.ERRORS.labels("broken").inc()
            self._news.put(BROKEN)
        finally:
            self._notify.close()
