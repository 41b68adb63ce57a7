"""A mission in a folder that is there already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from missions import folders, locks, standard
from missions.authors import Author
from missions.landing import Change, land
from missions.landing.adopt import Adoption, LeftAlone, look_over
from missions.models import Mission
from missions.services.create import check_language, check_model, check_title, open_mission
from missions.services.writing import check_size
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, ValidationError
from parallagon.core.services import BaseService


class FolderTaken(Conflict):
    """Another mission lives in the folder, above or below it."""

    code = "folder_taken"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A mission in its folder: what was left alone there, and the old folder that stays."""

    mission: Mission
    left_alone: Sequence[LeftAlone] = ()
    left_behind: str = ""


@dataclass(frozen=True, kw_only=True)
class AdoptFolder(BaseService[Placed]):
    """A mission in a folder that someone has, with the text files that are there.

    They become its first revisions, by another program; standard files that are missing are made
    from templates. What cannot be a file of a mission stays as it is.

    Raises (from ``execute``):
        FolderNotAllowed: the installation does not allow the folder.
        FolderTaken: another mission lives there, above or below.
        TooLarge: the folder holds too much.
    """

    operation = "missions.mission.adopt"
    owner: User
    title: str
    folder: str
    language: str
    now: datetime
    request: str = ""
    model: str = field(default_factory=lambda: str(settings.PARALLAGON_MODEL))
    start: bool = False

    def _validate_input(self) -> None:
        check_title(self.title)
        check_language(self.language)
        check_model(self.model)
        check_size(self.request)

    def _perform(self) -> Placed:
        mission = self._claim()
        try:
            adoption = look_over(FileManager(mission))
            self._check_request(adoption)
            self._fill(mission, adoption)
        except BaseException:
            # Nothing was written into the folder before the last step has landed.
            Mission.objects.filter(pk=mission.pk).delete()
            raise
        mission.refresh_from_db()
        return Placed(mission=mission, left_alone=adoption.left_alone)

    def _claim(self) -> Mission:
        with locks.folder_claims():
            folder = folders.choose(self.folder)
            check_unused(folder)
            try:
                return Mission.objects.create(
                    title=self.title.strip(),
                    owner=self.owner,
                    language=self.language,
                    model=self.model,
                    folder=folder,
                )
            except IntegrityError as error:
                raise _taken() from error

    def _check_request(self, adoption: Adoption) -> None:
        if self.request.strip() and standard.REQUEST in adoption.paths:
            sentence = _(
                "The folder holds a request already: leave yours empty, or change it there."
            )
            raise ValidationError(sentence, field="request")

    def _fill(self, mission: Mission, adoption: Adoption) -> None:
        with locks.write_lock(mission.pk):
            adoption.take_in(now=self.now)
        texts = standard.templates(self.language)
        if self.request.strip():
            texts.pop(standard.REQUEST)
            mine = [Change(path=standard.REQUEST, text=self.request)]
            land(mission, mine, author=Author.person(self.owner), now=self.now)
        land(
            mission,
            [Change(path=path, text=texts[path]) for path in missing(texts, adoption)],
            author=Author.SYSTEM,
            now=self.now,
            within=lambda _landing: open_mission(mission, now=self.now, start=self.start),
        )


def missing(texts: dict[str, str], adoption: Adoption) -> list[str]:
    """Return the standard files that the folder lacks, under any spelling, fit or not."""
    there = {path.casefold() for path in adoption.paths}
    there |= {left.path.casefold() for left in adoption.left_alone}
    return [path for path in texts if path.casefold() not in there]


def check_unused(folder: str, *, by: Mission | None = None) -> None:
    """Refuse a folder in which another mission lives, above it or below; under the claims' lock.

    Raises:
        FolderTaken: one does, be it archived or deleted.
    """
    others = Mission.objects.exclude(folder="")
    if by is not None:
        others = others.exclude(pk=by.pk)
    if any(folders.overlap(folder, other) for other in others.values_list("folder", flat=True)):
        raise _taken()


def _taken() -> FolderTaken:
    return FolderTaken(_("Another mission lives in this folder, above it or below it."))
