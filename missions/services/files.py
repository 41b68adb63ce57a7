"""What people do to the files of a mission. Every change lands; nothing is written here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from missions import paths, selectors
from missions.authors import Author
from missions.landing import Change, FileExists, Landing, LandingConflict, land
from missions.models import Mission, MissionFile, Revision
from missions.services.writing import check_open, check_size
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, PreconditionFailed, ResourceNotFoundError
from parallagon.core.services import BaseService

Returned = TypeVar("Returned")
OVERTAKEN = gettext_lazy("Someone else changed this file in between.")
_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class SavedFile:
    """A file after an operation: its revision (``revision.file`` loaded) and the text in it."""

    revision: Revision
    text: str
    is_merged: bool = False


@dataclass(frozen=True, kw_only=True)
class SaveFile(BaseService[SavedFile]):
    """Save what a person wrote, who began with revision ``base`` (``None``: a new file).

    A file that has moved since is saved where it is now; ``file`` is its key, if the caller knows.
    An older base is merged, unless ``may_merge`` is false: then whoever was overtaken is told, and
    nothing is written.

    Raises (from ``execute``):
        LandingConflict: someone else changed the same lines; the details hold the three texts.
        PreconditionFailed: someone else was faster, and ``may_merge`` is false.
    """

    operation = "missions.file.save"
    mission: Mission
    user: User
    path: str
    text: str
    base: int | None
    now: datetime
    file: int | None = None
    allow_invalid: bool = False
    may_merge: bool = True

    def _validate_input(self) -> None:
        check_open(self.mission)
        check_size(self.text)

    def _perform(self) -> SavedFile:
        path = paths.validate_path(self.path)
        try:
            landing = land(
                self.mission,
                [Change(path=path, text=self.text, base=self.base, file=self.file)],
                author=Author.person(self.user),
                now=self.now,
                allow_invalid=self.allow_invalid,
                within=self._insist,
            )
        except LandingConflict as error:
            if self.may_merge:
                raise
            raise PreconditionFailed(str(OVERTAKEN), path=path) from error
        return saved(self.mission, path, landing)

    def _insist(self, landing: Landing) -> None:
        if (landing.merged or landing.followed) and not self.may_merge:
            raise PreconditionFailed(str(OVERTAKEN), path=self.path)


@dataclass(frozen=True, kw_only=True)
class CreateFile(BaseService[SavedFile]):
    """Add a file.

    Raises (from ``execute``):
        FileExists: there is one of that name, or of one that differs only by case.
    """

    operation = "missions.file.create"
    mission: Mission
    user: User
    path: str
    text: str
    now: datetime
    allow_invalid: bool = False

    def _validate_input(self) -> None:
        check_open(self.mission)
        check_size(self.text)

    def _perform(self) -> SavedFile:
        path = paths.validate_path(self.path)
        check_absent(self.mission, path)
        try:
            landing = land(
                self.mission,
                [Change(path=path, text=self.text)],
                author=Author.person(self.user),
                now=self.now,
                allow_invalid=self.allow_invalid,
            )
        except LandingConflict as error:
            raise FileExists.at(path) from error
        return saved(self.mission, path, landing)


@dataclass(frozen=True, kw_only=True)
class RestoreRevision(BaseService[SavedFile]):
    """Make an old text of a file the current one again, as a new revision.

    A file that was removed comes back to the path that it had; ``file`` is its key, where several
    were at ``path``.

    Raises (from ``execute``):
        FileExists: another file is there by now.
        ResourceNotFoundError: there is no such revision, or it removed the file.
    """

    operation = "missions.file.restore"
    mission: Mission
    user: User
    path: str
    number: int
    now: datetime
    file: int | None = None

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> SavedFile:
        old = selectors.revision_of(
            mission=self.mission, path=self.path, number=self.number, file=self.file
        )
        if old.blob_id is None:
            sentence = _("Revision %(number)s removed the file.") % {"number": self.number}
            raise ResourceNotFoundError(sentence, path=self.path)
        path, text = old.file.path, selectors.text_of(old)

        def restore() -> SavedFile:
            landing = land(
                self.mission,
                [
                    Change(
                        path=path,
                        text=text,
                        base=current_number(old.file_id),
                        operation=Revision.Operation.RESTORE,
                        file=old.file_id,
                    )
                ],
                author=Author.person(self.user),
                now=self.now,
                allow_invalid=True,  # it was accepted once
                within=refuse_merging,
            )
            return saved(self.mission, path, landing)

        return until_it_lands(restore)


class Overtaken(Conflict):
    """What was meant to replace a whole text would have been merged with a newer one."""


def until_it_lands(operation: Callable[[], Returned]) -> Returned:
    """Repeat an operation that replaces whatever is there when someone else was faster.

    Raises:
        Conflict: someone else was faster every time.
    """
    for _try in range(_TRIES - 1):
        try:
            return operation()
        except (LandingConflict, Overtaken):
            continue
    return operation()


def refuse_merging(landing: Landing) -> None:
    """Undo a landing that did not replace the whole text.

    Raises:
        Overtaken: someone else was faster.
    """
    if landing.merged:
        raise Overtaken(str(OVERTAKEN))


def check_absent(mission: Mission, path: str) -> None:
    """Refuse to create a file that is there already.

    Raises:
        FileExists: there is one of that name, or of one that differs only by case.
    """
    key = paths.path_key(path)
    file = MissionFile.objects.filter(mission=mission, path_key=key).present().first()
    if file is not None:
        raise FileExists.at(file.path)


def current_number(file: int) -> int | None:
    """Return the number of a file's current revision; ``None`` when it was removed."""
    numbers = MissionFile.objects.filter(pk=file).present()
    return numbers.values_list("current__number", flat=True).first()


def saved(mission: Mission, path: str, landing: Landing) -> SavedFile:
    """Return what a landing made of ``path``; the current revision where nothing changed."""
    path = landing.followed.get(path, path)
    mine = [revision for revision in landing.revisions if revision.file.path == path]
    if mine:
        revision = mine[-1]
    else:
        file = selectors.current_file(mission=mission, path=path)
        revision = selectors.current_revision(file)
        revision.file = file
    return SavedFile(
        revision=revision, text=selectors.text_of(revision), is_merged=path in landing.merged
    )
