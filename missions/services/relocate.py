"""A mission moves to another folder, or follows its folder that someone moved."""

import copy
import logging
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from missions import folders, locks
from missions.content import check_bytes
from missions.landing.adopt import look_over
from missions.landing.foreign import TakeIn
from missions.landing.place import folder_of
from missions.landing.recovery import roll_forward
from missions.models import Mission, MissionFile, Revision
from missions.services.adopt import FolderTaken, Placed, check_unused
from missions.services.missions import overtaken
from missions.services.writing import check_open, publish_mission
from missions.storage import BlobStore, FileManager, sha256
from missions.turns import turn
from parallagon.core.errors import FileOperationError, ParallagonError
from parallagon.core.services import BaseService

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class MoveMission(BaseService[Placed]):
    """Let a mission live in another allowed folder; an empty name: in the data directory.

    Everything that is current lies in the blob store, so the new folder is filled first, then one
    row changes, then our own old folder goes. Killed before the row changed, the mission is where
    it was; after, it is where it should be, and ``tidy_moved`` removes what is left. A folder
    outside of the data directory is never emptied.

    Files that are in the new folder already are taken in. One that differs from the mission's of
    the same name is an edit by another program when the old folder is gone (someone moved it);
    otherwise it is somebody else's, and the move is refused.

    Raises (from ``execute``):
        FolderNotAllowed, FolderGone, FolderReadOnly: the new folder cannot be used.
        FolderTaken: another mission lives there, or other texts under the same names.
        PreconditionFailed: the mission is no longer at ``version``.
    """

    operation = "missions.mission.move"
    mission: Mission
    folder: str
    now: datetime
    version: int | None = None

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> Placed:
        with locks.folder_claims():
            target = folders.choose(self.folder) if self.folder else ""
            if target:
                check_unused(target, by=self.mission)
            with locks.write_lock(self.mission.pk):
                old = folder_of(self.mission)
                if target == old.mission.folder:
                    return Placed(mission=self.mission)
                return self._move(FileManager(copy.copy(self.mission)), target)

    def _move(self, old: FileManager, target: str) -> Placed:
        is_there = self._take_in_old(old)
        moved = copy.copy(self.mission)
        moved.folder = target
        new = FileManager(moved)
        new.create()
        current = current_hashes(self.mission.pk)
        adoption = look_over(new, known=list(current))
        edited = _fill(new, current, may_differ=not is_there)
        self._switch(target)
        adoption.take_in(now=self.now)
        TakeIn(folder=new, store=BlobStore(), now=self.now, expected={}, is_strict=False).look(
            edited
        )
        left_behind = old.mission.folder or clear(old)
        self.mission.refresh_from_db()
        return Placed(mission=self.mission, left_alone=adoption.left_alone, left_behind=left_behind)

    def _take_in_old(self, old: FileManager) -> bool:
        """Take in what others wrote in the old folder; return whether it can be used at all."""
        store = BlobStore()
        try:
            old.check()
            expected = roll_forward(old, store, now=self.now)
            paths = sorted({*current_hashes(self.mission.pk), *old.scan()})
            look = TakeIn(folder=old, store=store, now=self.now, expected=expected, is_strict=False)
            look.look(paths)
        except FileOperationError:
            return old.root.is_dir()
        return True

    def _switch(self, target: str) -> None:
        with turn(self.mission.pk):
            rows = Mission.objects.filter(pk=self.mission.pk, state=Mission.State.ACTIVE)
            if self.version is not None:
                rows = rows.filter(version=self.version)
            if not rows.update(folder=target, version=F("version") + 1, updated_at=self.now):
                raise overtaken()
            publish_mission(self.mission, now=self.now)


def current_hashes(mission_id: int) -> dict[str, str]:
    """Return path → hash of the files that are there."""
    files = MissionFile.objects.filter(mission_id=mission_id).present()
    rows = files.exclude(current__blob=None).values_list("path", "current__blob_id")
    return {path: str(blob) for path, blob in rows}


def _fill(new: FileManager, current: dict[str, str], *, may_differ: bool) -> list[str]:
    """Write what is current into the new folder; return the paths that others have edited there.

    Raises:
        FolderTaken: texts under the same names that are not ours; nothing was written.
    """
    lacking, edited = [], []
    for path, hash_ in current.items():
        content = new.read(path)
        found = None if content is None else sha256(content)
        if found == hash_:
            continue
        if content is None or _was_ours(new.mission, path, str(found)):
            lacking.append(path)
        else:
            check_bytes(path, content, allow_invalid=True)
            edited.append(path)
    if edited and not may_differ:
        sentence = _("That folder holds another text under the name %(path)s.")
        raise FolderTaken(sentence % {"path": edited[0]}, paths=edited)
    store = BlobStore()
    for path in lacking:
        new.write(path, store.get(current[path]))
    return edited


def _was_ours(mission: Mission, path: str, hash_: str) -> bool:
    """Return whether these bytes are in the history of the file, so that none of them is lost."""
    revisions = Revision.objects.filter(file__mission_id=mission.pk, file__path=path)
    return revisions.filter(blob_id=hash_).exists()


def clear(own: FileManager) -> str:
    """Remove what landed from a folder in the data directory; return it where something is left.

    What nobody landed stays, and so does the folder then.
    """
    for path in own.scan():
        try:
            content = own.read(path)
            if content is not None and _was_ours(own.mission, path, sha256(content)):
                own.remove(path)
        except FileOperationError:
            continue
    own.prune()
    return str(own.root) if own.root.exists() else ""


def tidy_moved() -> int:
    """Remove the old folders that a killed move has left in the data directory; return how many."""
    tidied = 0
    for mission in Mission.objects.exclude(folder=""):
        before = copy.copy(mission)
        before.folder = ""
        own = FileManager(before)
        if not own.root.is_dir():
            continue
        try:
            with locks.write_lock(mission.pk):
                if folder_of(mission).mission.folder:
                    tidied += not clear(own)
        except ParallagonError as error:  # its writer is at work: the next look comes soon
            logger.info("mission %s is not tidied yet: %s", mission.pk, error.message)
    return tidied
