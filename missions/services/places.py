"""Where files are: rename, move and remove one, or a whole folder, in one landing."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from missions import paths, selectors, whereabouts
from missions.authors import Author
from missions.landing import Change, Landing, land
from missions.models import Mission, MissionFile
from missions.services.files import OVERTAKEN, Overtaken, refuse_merging, until_it_lands
from missions.services.writing import check_open
from parallagon.accounts.models import User
from parallagon.core.errors import PreconditionFailed, ResourceNotFoundError, ValidationError
from parallagon.core.services import BaseService

MOST_AT_ONCE = 1000
"""Files in one landing, which holds the mission's write lock for all of them."""


class TooManyFiles(ValidationError):  # noqa: N818 - says what is wrong
    """A folder holds more files than one landing takes."""

    code = "too_many_files"


@dataclass(frozen=True, kw_only=True)
class MoveFile(BaseService[list[MissionFile]]):
    """Give a file, or every file of a folder, another path: all of them or none.

    Return the files where they are now. What another program has put into the folder and nobody
    has landed yet stays where it is.

    Attributes:
        base: the revision at which the file must be; ``None``: whichever it is at.
        allow_invalid: let a text be that is not well-formed in the format of its new extension.

    Raises (from ``execute``):
        ResourceNotFoundError: nothing is there; the details say where it moved, if it did.
        FileExists: another file is at a new path.
        PreconditionFailed: the file is no longer at ``base``.
        TooManyFiles: the folder holds more than one landing takes.
    """

    operation = "missions.file.move"
    mission: Mission
    user: User
    path: str
    to: str
    now: datetime
    base: int | None = None
    allow_invalid: bool = False

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> list[MissionFile]:
        moved = until_it_lands(self._move)
        files = selectors.current_files(mission=self.mission)
        return list(files.filter(path__in=moved))

    def _move(self) -> list[str]:
        place = place_at(self.mission, self.path)
        moves = {file.path: self._new_path(place, file) for file in place.files}
        if any(old != new for old, new in moves.items()):
            land(
                self.mission,
                [Change(path=new, text=None, moved_from=old) for old, new in moves.items()],
                author=Author.person(self.user),
                now=self.now,
                allow_invalid=self.allow_invalid,
                within=lambda landing: self._insist(place, landing),
            )
        return list(moves.values())

    def _new_path(self, place: "Place", file: MissionFile) -> str:
        if not place.is_folder:
            return paths.validate_path(self.to)
        new = self.to.removesuffix("/") + file.path.removeprefix(place.path)
        new = paths.validate_path(new)
        if new.startswith(f"{place.path}/") and new != file.path:
            raise ValidationError(_("A folder cannot move into itself."), path=self.to)
        return new

    def _insist(self, place: "Place", landing: Landing) -> None:
        if self.base is not None and landing.revisions[0].number != self.base + 1:
            raise PreconditionFailed(str(OVERTAKEN), path=self.path)
        place.check_nothing_is_left()


@dataclass(frozen=True, kw_only=True)
class RemoveFile(BaseService[None]):
    """Remove a file as of revision ``base`` (``None``: as it is now), or a whole folder.

    Every history stays, and each file can be restored.

    Raises (from ``execute``):
        ResourceNotFoundError: nothing is there; the details say where it moved, if it did.
        PreconditionFailed: it is no longer at ``base``.
        TooManyFiles: the folder holds more than one landing takes.
    """

    operation = "missions.file.remove"
    mission: Mission
    user: User
    path: str
    now: datetime
    base: int | None = None

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> None:
        until_it_lands(self._remove)

    def _remove(self) -> None:
        place = place_at(self.mission, self.path)
        numbers = {file.path: selectors.current_revision(file).number for file in place.files}
        if self.base is not None and self.base not in numbers.values():
            raise PreconditionFailed(str(OVERTAKEN), path=self.path)

        def insist(landing: Landing) -> None:
            refuse_merging(landing)
            place.check_nothing_is_left()

        land(
            self.mission,
            [Change(path=path, text=None, base=number) for path, number in numbers.items()],
            author=Author.person(self.user),
            now=self.now,
            within=insist,
        )


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is at a path: one file, or the files of a folder."""

    mission: Mission
    path: str
    files: list[MissionFile]
    is_folder: bool

    def check_nothing_is_left(self) -> None:
        """Undo a landing of a folder to which someone has just added a file.

        Raises:
            Overtaken: do it again, with that file.
        """
        if self.is_folder:
            known = {file.pk for file in self.files}
            left = whereabouts.files_below(mission=self.mission, folder=self.path)
            if any(file.pk not in known for file in left):
                raise Overtaken(str(OVERTAKEN))


def place_at(mission: Mission, path: str) -> Place:
    """Return what is at ``path``.

    Raises:
        ResourceNotFoundError: nothing is there.
        ValidationError: no file can have this path, and there is no such folder.
        TooManyFiles: the folder holds more than one landing takes.
    """
    if paths.extension(path) in settings.PARALLAGON_EXTENSIONS:  # as no folder's name ends
        file = selectors.current_file(mission=mission, path=path)
        return Place(mission=mission, path=file.path, files=[file], is_folder=False)
    folder = paths.normal(path.removesuffix("/"))
    paths.validate_path(f"{folder}/x.md")
    files = whereabouts.files_below(mission=mission, folder=folder)
    if not files:
        sentence = _("There is no folder %(path)s in this mission.") % {"path": folder}
        raise ResourceNotFoundError(sentence, path=folder)
    if len(files) > MOST_AT_ONCE:
        numbers = {"count": len(files), "limit": MOST_AT_ONCE}
        sentence = _("The folder holds %(count)s files; at most %(limit)s go at once.") % numbers
        raise TooManyFiles(sentence, path=folder, **numbers)
    return Place(mission=mission, path=folder, files=files, is_folder=True)
