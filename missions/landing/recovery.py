"""Steps 2, 7 and 8 of a landing: put what has landed in the folder, whoever landed it.

A committed record says which bytes were in the folder and which belong there. Finishing it is the
same work for the process that landed, for the next one, and for the periodic recovery: look at
each file, replace it unless it is right already, close the record.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from missions.cache import CachedStore
from missions.content import check_bytes
from missions.landing.current import Current, load_exactly
from missions.landing.foreign import set_aside
from missions.landing.late import Late
from missions.landing.place import folder_of
from missions.locks import LONGEST_HOLD, are_certain, ensure_held, write_lock
from missions.models import LandingRecord, Mission
from missions.storage import BlobStore, FileManager, sha256
from parallagon.core import telemetry
from parallagon.core.durability import relaxed_commit
from parallagon.core.errors import (
    FileOperationError,
    LockError,
    ParallagonError,
    ValidationError,
)

logger = logging.getLogger(__name__)
State = LandingRecord.State
Expected = dict[str, list[str | None]]

STRAY_FOR = timedelta(seconds=5 * LONGEST_HOLD)
"""How long a replacement by a process that lost its lock may come late."""

_RECOVERY = gettext_noop("finishing what a dead process left")
_ROUNDS = 3  # each round may find that another program wrote in between


def recover_all() -> int:
    """Finish the open landings of every mission; return how many were finished.

    A mission whose write lock is busy is left to its holder, who does the same.
    """
    records = LandingRecord.objects.filter(Q(state=State.OPEN) | _settled_since(timezone.now()))
    finished = 0
    for mission_id in records.order_by().values_list("mission_id", flat=True).distinct():
        try:
            finished += recover(mission_id)
        except ParallagonError as error:
            logger.info("mission %s is not recovered yet: %s", mission_id, error.message)
    return finished


def recover(mission_id: int) -> int:
    """Finish the open landings of one mission; return how many were finished.

    Raises:
        LockError: the mission's write lock is busy.
    """
    mission = Mission.objects.get(pk=mission_id)
    with write_lock(mission_id, purpose=_RECOVERY):
        before = LandingRecord.objects.filter(mission=mission, state=State.OPEN).count()
        roll_forward(folder_of(mission), CachedStore(), now=timezone.now())
        left = LandingRecord.objects.filter(mission=mission, state=State.OPEN).count()
    if left:
        logger.warning("mission %s: some files cannot be replaced yet", mission_id)
    return max(0, before - left)


def put_in_folder(folder: FileManager, store: BlobStore, *, now: datetime) -> None:
    """Do steps 7 and 8 for a change that has landed: a failure now is only a delay."""
    try:
        with telemetry.span("landing.place", foreseen=(ParallagonError, OSError, DatabaseError)):
            roll_forward(folder, store, now=now, sweeps=False)
    except (ParallagonError, OSError, DatabaseError) as error:
        logger.warning("a landing will be finished later: %s", error)


def roll_forward(
    folder: FileManager, store: BlobStore, *, now: datetime, sweeps: bool = True
) -> Expected:
    """Finish every open record of the mission that can be finished; needs the write lock.

    Args:
        folder: of the mission.
        store: where the bytes are.
        now: the moment that records and revisions get.
        sweeps: remove what a killed process left beside the files.

    Returns:
        path → hashes that may lie in the folder because of records that are still open, or, with
        locks that can be lost, were closed a short while ago: a process that was stopped may still
        put an old text there, which is none of another program and gives way to the current one.
    """
    records = LandingRecord.objects.filter(mission=folder.mission)
    settled = list(records.filter(_settled_since(now)))
    opened: list[LandingRecord] = []
    for _ in range(_ROUNDS):
        opened = list(records.filter(state=State.OPEN))
        if not opened and not settled:
            break
        forward = _Forward(folder=folder, store=store, now=now, sweeps=sweeps)
        if not forward.finish(opened, settled):
            break
        if not forward.has_taken_in and len(forward.closed) == len(opened):
            return _expected(settled)
    return _expected([*settled, *opened])


def _settled_since(now: datetime) -> Q:
    """Select the closed records that a process that lost its lock may still act upon."""
    if are_certain():
        return Q(pk__in=())
    return Q(state=State.DONE, closed_at__gte=now - STRAY_FOR)


def _expected(records: Iterable[LandingRecord]) -> Expected:
    """Return, by path, the hashes before and after, the oldest first."""
    hashes: Expected = {}
    for record in sorted(records, key=lambda record: record.pk):
        for entry in record.entries:
            hashes.setdefault(entry["path"], []).extend((entry["before"], entry["after"]))
    return hashes


@dataclass(frozen=True, kw_only=True)
class _Forward:
    folder: FileManager
    store: BlobStore
    now: datetime
    sweeps: bool
    closed: list[int] = field(default_factory=list)

    @cached_property
    def _late(self) -> Late:
        return Late(folder=self.folder, store=self.store, now=self.now)

    @property
    def has_taken_in(self) -> bool:
        return bool(self._late.taken_in)

    def finish(self, opened: list[LandingRecord], settled: list[LandingRecord]) -> bool:
        """Replace what can be replaced and close those records; return whether any was."""
        expected, landing = _expected([*settled, *opened]), _expected(opened)
        current = load_exactly(self.folder.mission.pk, expected)
        # Where case does not count, a file that is only spelled anew must go before it comes.
        paths = sorted(expected, key=lambda path: current[path].hash is not None)
        right = {
            path
            for path in paths
            if self._is_put(current[path], expected[path], landing.get(path, []))
        }
        self.closed.extend(
            record.pk
            for record in opened
            if all(entry["path"] in right for entry in record.entries)
        )
        closable = LandingRecord.objects.filter(pk__in=self.closed)
        # Undone by a power cut, it is an open record of which everything is done.
        with relaxed_commit():
            return closable.update(state=State.DONE, closed_at=self.now) > 0

    def _is_put(
        self, current: Current, expected: list[str | None], landing: list[str | None]
    ) -> bool:
        try:
            self._put(current, expected, landing)
        except (FileOperationError, LockError) as error:
            logger.warning("%s is not replaced yet: %s", current.path, error.message)
            return False
        return True

    def _put(self, current: Current, expected: list[str | None], landing: list[str | None]) -> None:
        """Make the folder show what is current, without losing what another program wrote.

        Args:
            current: what belongs there.
            expected: hashes that are Parallagon's own work.
            landing: those of them that open records know.
        """
        current = self._sweep(current)
        known = (None, current.hash, *expected)
        try:
            content = self.folder.read_settled(current.path, known=known)
            found = None if content is None else sha256(content)
            if content is not None and found == current.hash:
                return
            if content is not None and found not in known:
                check_bytes(current.path, content, allow_invalid=True)
                base = next((name for name in landing if name), None)
                current = self._late.take_in(current, content, base=base, on_disk=found)
        except ValidationError as error:
            set_aside(self.folder, self.store, current, error.message, now=self.now)
            return
        base = found or next((name for name in landing if name), None)
        self._replace(current, found, base)

    def _replace(self, current: Current, found: str | None, base: str | None) -> None:
        content = self.store.get(current.hash) if current.hash else None
        ensure_held(self.folder.mission.pk)
        if content is None:
            displaced = self.folder.take_away(current.path, before=found)
        else:
            displaced = self.folder.swap(current.path, content, before=found)
        if displaced:
            self._late.look(displaced, current, known=(found, current.hash), base=base)
        if current.hash is None:
            self.folder.remove_empty_folders(current.path)

    def _sweep(self, current: Current) -> Current:
        """Look at what a dead process had displaced; return what is current then."""
        for left in self.folder.sweep(current.path) if self.sweeps else ():
            if left.path == current.path:
                current = self._late.look(left, current)
        return current
