"""The states of a mission: put away, deleted, taken back, gone for good."""

import shutil
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from missions import events, hooks, locks, selectors
from missions.models import Lease, Mission
from missions.services.writing import publish_mission
from missions.storage import FileManager
from missions.turns import turn
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict
from parallagon.core.services import BaseService

State = Mission.State


@dataclass(frozen=True, kw_only=True)
class ArchiveMission(BaseService[Mission]):
    """Put a mission away: it can be read, not written, and its agents rest."""

    operation = "missions.mission.archive"
    mission: Mission
    user: User
    now: datetime

    def _perform(self) -> Mission:
        with turn(self.mission.pk):
            if self.mission.state == State.DELETED:  # it would come back by this way
                raise Conflict(_("This mission is deleted: restore it to change it."))
            self.mission.move_to(State.ARCHIVED, user=self.user, now=self.now)
            _put_away(self.mission, self.now)
        self.mission.refresh_from_db()
        return self.mission


@dataclass(frozen=True, kw_only=True)
class DeleteMission(BaseService[Mission]):
    """Hide a mission from everyone; its agents stop.

    Nothing is lost before ``PARALLAGON_DELETED_DAYS`` have passed: until then its owners can
    restore it.
    """

    operation = "missions.mission.delete"
    mission: Mission
    user: User
    now: datetime

    def _perform(self) -> Mission:
        with turn(self.mission.pk):
            self.mission.move_to(State.DELETED, user=self.user, now=self.now)
            _put_away(self.mission, self.now)
            events.access_changed(self.mission.pk)
        self.mission.refresh_from_db()
        return self.mission


@dataclass(frozen=True, kw_only=True)
class RestoreMission(BaseService[Mission]):
    """Take a mission out of the archive, or undo its deletion: it is then what it was before.

    Its agents stay stopped until someone starts them.
    """

    operation = "missions.mission.restore"
    mission: Mission
    user: User
    now: datetime

    def _validate_input(self) -> None:
        if is_over(self.mission, self.now):
            raise Conflict(_("This mission was deleted too long ago to be restored."))

    def _perform(self) -> Mission:
        with turn(self.mission.pk):
            self.mission.move_to(self._state_before(), user=self.user, now=self.now)
            publish_mission(self.mission, now=self.now)
        self.mission.refresh_from_db()
        return self.mission

    def _state_before(self) -> str:
        if self.mission.state != State.DELETED:
            return State.ACTIVE
        last = self.mission.transitions.filter(after=State.DELETED).first()
        return last.before if last else State.ACTIVE


@dataclass(frozen=True, kw_only=True)
class PurgeMission(BaseService[None]):
    """Remove a mission that was deleted long ago: its folder, what its runs left, its rows.

    Files go first: killed half-way, the next purge finds the rows and begins again, and meanwhile
    nobody can restore what is no longer whole. A folder outside of the data directory is not
    ours: it stays as it is. Contents are left to the sweep of the blob store.

    Raises (from ``execute``):
        Conflict: it is not deleted, not for long enough, or a run still holds files.
    """

    operation = "missions.mission.purge"
    mission: Mission
    now: datetime

    def _validate_input(self) -> None:
        if not is_over(self.mission, self.now):
            raise Conflict("This mission can still be restored.", state=self.mission.state)
        if Lease.objects.filter(mission=self.mission, released_at__isnull=True).exists():
            raise Conflict("A run of this mission has not ended yet.")

    def _perform(self) -> None:
        with locks.write_lock(self.mission.pk):
            for hook in hooks.on_purged:
                hook(hooks.Purged(mission=self.mission, now=self.now))
            if not self.mission.folder:
                shutil.rmtree(FileManager(self.mission).root, ignore_errors=True)
            with turn(self.mission.pk):
                Mission.objects.filter(pk=self.mission.pk).delete()
        locks.forget_mission(self.mission.pk)


def is_over(mission: Mission, now: datetime) -> bool:
    """Return whether a mission was deleted so long ago that it is about to be purged."""
    until = selectors.purged_after(mission)
    return until is not None and until <= now


def _put_away(mission: Mission, now: datetime) -> None:
    for hook in hooks.on_archived:
        hook(hooks.Archived(mission=mission, now=now))
    publish_mission(mission, now=now)
