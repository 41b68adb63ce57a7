"""The loop of the watcher: which missions there are, what changed, who is to be tried again."""

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from missions.models import Mission
from missions.watcher import measures
from missions.watcher.eyes import BROKEN, Eyes, Identity
from missions.watcher.mission import WatchedMission
from parallagon.core.errors import LockError, ParallagonError
from parallagon.core.heartbeats import Heart

logger = logging.getLogger(__name__)

_MISSIONS_SECONDS = 1.0  # between looks at which missions there are
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 30.0  # seconds until what failed is tried again
_MANY = 1000  # paths at once: the system may have dropped some


@dataclass
class _Failures:
    """When a mission whose look failed is tried again."""

    delay: float = 0.0
    at: float = 0.0
    said: str = ""


@dataclass
class Watcher:
    """Take in what other programs do in the folders of active missions.

    It remembers nothing that it could not find again: killed at any moment, it begins with a
    rescan of every mission.
    """

    eyes: Eyes = field(default_factory=Eyes)
    missions: dict[int, WatchedMission] = field(default_factory=dict)
    _folders: dict[Path, tuple[int, str]] = field(default_factory=dict)
    _failures: dict[int, _Failures] = field(default_factory=dict)
    _missions_at: float = 0.0
    _rescan_at: float = 0.0

    def run(self, is_over: threading.Event) -> None:
        """Watch until ``is_over`` is set."""
        logger.info("watching mission folders")
        heart = Heart("watch")
        try:
            while not is_over.is_set():
                self.step()
                heart.beat()
        finally:
            self.eyes.close()

    def step(self) -> None:
        """Wait for something to do, at most about a second, and do it."""
        news = self.eyes.wait(self._patience())
        if news is BROKEN or len(news) > _MANY:
            self._rescan_all()
        for path in news or ():
            self._hear(Path(path))
        now = time.monotonic()
        if now >= self._missions_at:
            self._missions_at = now + _MISSIONS_SECONDS
            self._follow_missions()
        if now >= self._rescan_at:
            self._rescan_all()
        self._work()

    # -- what is watched -----------------------------------------------------------------------
    def _follow_missions(self) -> None:
        """Watch what the database says; look at what is new, came back, or went."""
        close_old_connections()
        try:
            rows = dict(watched_missions())
        except DatabaseError as error:
            self._lose_database(error)
            return
        for mission_id in self.missions.keys() - rows.keys():
            self._forget(mission_id)
        for mission_id, folder in rows.items():
            watched = self.missions.get(mission_id)
            if watched is None or watched.mission.folder != folder:
                self._forget(mission_id)
                mission = Mission(pk=mission_id, folder=folder)
                self.missions[mission_id] = WatchedMission(mission=mission)
            else:
                watched.check_root()

    def _forget(self, mission_id: int) -> None:
        self._failures.pop(mission_id, None)
        watched = self.missions.pop(mission_id, None)
        if watched and watched.is_gone:
            measures.FOLDERS_GONE.dec()

    def _look_where_folders_are(self) -> None:
        """Point the eyes at every folder, and look again where they came too late."""
        identities: dict[Path, Identity] = {}
        owners: dict[Path, tuple[int, str]] = {}
        for mission_id, watched in self.missions.items():
            for relative, identity in watched.folders.items():
                folder = watched.root / relative
                identities[folder] = identity
                owners[folder] = (mission_id, relative)
        before = self._folders
        if not self.eyes.watch(identities):
            return
        self._folders = owners
        for mission_id in {owners[folder][0] for folder in owners.keys() - before.keys()}:
            self.missions[mission_id].must_rescan = True

    def _hear(self, path: Path) -> None:
        mission_id, folder = self._folders.get(path) or self._folders.get(path.parent, (0, ""))
        watched = self.missions.get(mission_id)
        if watched:
            is_folder = path in self._folders
            name = folder if is_folder else str(PurePosixPath(folder) / path.name)
            watched.hear(name)

    def _rescan_all(self) -> None:
        self._rescan_at = time.monotonic() + settings.PARALLAGON_WATCH_RESCAN_SECONDS
        for watched in self.missions.values():
            watched.must_rescan = True

    # -- what is done --------------------------------------------------------------------------
    def _patience(self) -> float:
        """Return how long nothing is due."""
        now = time.monotonic()
        waits = [self._missions_at - now, self._rescan_at - now]
        for mission_id, watched in self.missions.items():
            due = watched.due_in(now)
            if due is not None:
                waits.append(max(due, self._failure(mission_id).at - now))
        return max(0.0, min(waits))

    def _work(self) -> None:
        now = time.monotonic()
        due = [
            (mission_id, watched)
            for mission_id, watched in self.missions.items()
            if watched.due_in(now) == 0.0 and self._failure(mission_id).at <= now
        ]
        for mission_id, watched in due:
            self._work_on(mission_id, watched)
        if due:
            self._look_where_folders_are()
        if self.eyes.is_blind:
            soon = time.monotonic() + settings.PARALLAGON_WATCH_POLL_SECONDS
            self._rescan_at = min(self._rescan_at, soon)

    def _work_on(self, mission_id: int, watched: WatchedMission) -> None:
        try:
            watched.work()
        except LockError as error:  # someone lands: theirs first
            self._fail(mission_id, "busy", error.message)
        except ParallagonError as error:
            self._fail(mission_id, error.code, error.message)
        except DatabaseError as error:
            self._lose_database(error)
            self._fail(mission_id, "database", str(error))
        except Exception:
            logger.exception("mission %s could not be looked at", mission_id)
            self._fail(mission_id, "defect", "")
        else:
            self._failures.pop(mission_id, None)

    def _failure(self, mission_id: int) -> _Failures:
        return self._failures.get(mission_id) or _Failures()

    def _fail(self, mission_id: int, reason: str, sentence: str) -> None:
        """Try again later, later each time; say a sentence once."""
        measures.ERRORS.labels(reason).inc()
        failures = self._failures.setdefault(mission_id, _Failures())
        failures.delay = min(max(_FIRST_DELAY, 2 * failures.delay), _LONGEST_DELAY)
        failures.at = time.monotonic() + failures.delay
        if sentence != failures.said and reason != "busy":
            logger.warning("mission %s is looked at again later: %s", mission_id, sentence)
            failures.said = sentence

    def _lose_database(self, error: DatabaseError) -> None:
        measures.ERRORS.labels("database").inc()
        logger.info("the database does not answer: %s", error)


def watched_missions() -> Collection[tuple[int, str]]:
    """Return number and folder of every mission that can be written."""
    active = Mission.objects.filter(state=Mission.State.ACTIVE).order_by()
    return list(active.values_list("pk", "folder"))
