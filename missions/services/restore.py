"""A whole mission as it was at a moment."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from missions import moments, selectors
from missions.authors import Author
from missions.diff import Budget, counts
from missions.landing import Change, FileExists, land
from missions.models import Mission, MissionFile, Revision
from missions.moments import Moment
from missions.paths import path_key
from missions.services.files import OVERTAKEN, Overtaken, refuse_merging, until_it_lands
from missions.services.writing import check_open
from parallagon.accounts.models import User
from parallagon.core.errors import ResourceNotFoundError, ValidationError
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class RestoredFile:
    """What becomes, or became, of one file.

    ``restored``: another text; ``returned``: it was removed and is there again; ``moved``: it is
    back at its path of then, with its text of then; ``removed``: it was not there then.
    """

    path: str
    change: Literal["restored", "returned", "moved", "removed"]
    then: Revision | None
    now: Revision | None
    moved_from: str | None = None
    added: int = 0
    removed: int = 0

    def as_change(self) -> Change:
        base = self.now.number if self.now else None
        if self.then is None:
            return Change(path=self.path, text=None, base=base)
        is_same = self.change == "returned" and self.then.file.path == self.path
        return Change(
            path=self.path,
            text=selectors.text_of(self.then),
            base=base,
            operation=Revision.Operation.RESTORE,
            moved_from=self.moved_from,
            file=self.then.file_id if is_same else None,  # not another that was there later
        )


@dataclass(frozen=True, kw_only=True)
class RestoreMissionTo(BaseService[tuple[RestoredFile, ...]]):
    """Make every file what it was at a moment, in one landing: all of them or none.

    Files created since are removed, removed ones come back. Nothing is lost: each is a revision
    more. A run at work is not waited for: what it lands later is merged with the old texts, or
    becomes a proposal. ``preview`` says what would change and writes nothing.
    """

    operation = "missions.mission.restore_to"
    mission: Mission
    user: User
    moment: Moment
    now: datetime
    preview: bool = False

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> tuple[RestoredFile, ...]:
        if self.preview:
            return tuple(self._plan())
        return tuple(until_it_lands(self._restore))

    def _restore(self) -> Sequence[RestoredFile]:
        plan = self._plan()
        try:
            self._land(plan)
        except (FileExists, ResourceNotFoundError, ValidationError) as error:
            if self._plan() == plan:
                raise
            raise Overtaken(str(OVERTAKEN)) from error  # files moved in between
        return plan

    def _land(self, plan: Sequence[RestoredFile]) -> None:
        if plan:
            land(
                self.mission,
                [file.as_change() for file in plan],
                author=Author.person(self.user),
                now=self.now,
                allow_invalid=True,  # it was accepted once
                within=refuse_merging,
            )

    def _plan(self) -> list[RestoredFile]:
        then = moments.files_at(mission=self.mission, moment=self.moment)
        there = {
            path_key(file.path): file for file in selectors.current_files(mission=self.mission)
        }
        kept = {path_key(path) for path in then}
        plan = [_restored(path, revision, kept, there) for path, revision in then.items()]
        kept |= {path_key(file.moved_from) for file in plan if file and file.moved_from}
        plan += [_removed(file) for key, file in there.items() if key not in kept]
        budget = Budget()  # for all files: there may be many
        files = [_counted(file, budget) for file in plan if file]
        return sorted(files, key=lambda file: file.path)


def _restored(
    path: str, then: Revision, kept: Container[str], there: Mapping[str, MissionFile]
) -> RestoredFile | None:
    file = there.get(path_key(path))
    now = file.current if file else None
    if file is not None and now is not None:
        if file.path != path:  # its name, or its folder's, was spelled otherwise then
            return RestoredFile(path=path, change="moved", then=then, now=now, moved_from=file.path)
        if now.blob_id == then.blob_id:
            return None
        return RestoredFile(path=file.path, change="restored", then=then, now=now)
    old = then.file.path  # where the file is now
    moved = there.get(path_key(old))
    if moved and moved.pk == then.file_id and path_key(old) not in kept:
        return RestoredFile(path=path, change="moved", then=then, now=moved.current, moved_from=old)
    return RestoredFile(path=path, change="returned", then=then, now=None)


def _removed(file: MissionFile) -> RestoredFile:
    return RestoredFile(path=file.path, change="removed", then=None, now=file.current)


def _counted(file: RestoredFile, budget: Budget) -> RestoredFile:
    before, after = (selectors.text_of(side) if side else "" for side in (file.now, file.then))
    added, removed = counts(before, after, budget)
    return replace(file, added=added, removed=removed)
