"""New missions."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from missions import hooks, standard
from missions.authors import Author
from missions.landing import Change, land
from missions.models import Membership, Mission
from missions.paths import path_key
from missions.services.writing import check_size, publish_mission
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import ValidationError
from parallagon.core.services import BaseService

LONGEST_TITLE = 200


@dataclass(frozen=True, kw_only=True)
class CreateMission(BaseService[Mission]):
    """A mission with its folder and standard files, the request as the person gave it.

    ``files`` (path → text) are the person's as well; a standard file among them, or any without
    ``has_templates``, is not made from its template.

    Nobody is a member before its files are there, so a mission that a dead process left half
    made is never seen. ``start`` asks for its agents to begin.
    """

    operation = "missions.mission.create"
    owner: User
    title: str
    request: str
    language: str
    now: datetime
    model: str = field(default_factory=lambda: str(settings.PARALLAGON_MODEL))
    is_demo: bool = False
    start: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    has_templates: bool = True

    def _validate_input(self) -> None:
        check_title(self.title)
        if not self.request.strip():
            raise ValidationError(_("A mission needs a request."), field="request")
        check_language(self.language)
        check_model(self.model)
        check_size(self.request)

    def _perform(self) -> Mission:
        texts = standard.templates(self.language) if self.has_templates else {}
        mine = {path_key(path) for path in (standard.REQUEST, *self.files)}
        mission = Mission.objects.create(
            title=self.title.strip(),
            owner=self.owner,
            language=self.language,
            model=self.model,
            is_demo=self.is_demo,
        )
        try:
            self._fill(mission, {path: texts[path] for path in texts if path_key(path) not in mine})
        except BaseException:
            self._undo(mission)
            raise
        mission.refresh_from_db()
        return mission

    def _fill(self, mission: Mission, texts: dict[str, str]) -> None:
        FileManager(mission).create()
        templates = [Change(path=path, text=text, base=None) for path, text in texts.items()]
        if templates:
            land(mission, templates, author=Author.SYSTEM, now=self.now)
        mine = {standard.REQUEST: self.request, **self.files}
        land(
            mission,
            [Change(path=path, text=text, base=None) for path, text in mine.items()],
            author=Author.person(self.owner),
            now=self.now,
            within=lambda _landing: self._open(mission),
            allow_invalid=True,  # a file that somebody brings is as it is
        )

    def _open(self, mission: Mission) -> None:
        open_mission(mission, now=self.now, start=self.start)

    @staticmethod
    def _undo(mission: Mission) -> None:
        folder = FileManager(mission).root
        Mission.objects.filter(pk=mission.pk).delete()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class CreateDemo(BaseService[Mission]):
    """The mission that shows a newcomer what Parallagon does; its agents begin at once."""

    operation = "missions.mission.create_demo"
    owner: User
    language: str
    now: datetime
    model: str = field(default_factory=lambda: str(settings.PARALLAGON_MODEL))
    start: bool = True

    def _validate_input(self) -> None:
        check_language(self.language)

    def _perform(self) -> Mission:
        request = standard.demo_request(self.language)
        return CreateMission(
            owner=self.owner,
            title=heading_of(request) or "Parallagon",
            request=request,
            language=self.language,
            model=self.model,
            is_demo=True,
            start=self.start,
            now=self.now,
        ).execute()


def open_mission(mission: Mission, *, now: datetime, start: bool) -> None:
    """Let the owner into a mission whose files are there; last in the transaction that made them.

    From here on it is seen; ``start`` asks for its agents to begin.
    """
    Membership.objects.create(mission=mission, user=mission.owner, role=Membership.Role.OWNER)
    for hook in hooks.on_created:
        hook(hooks.Created(mission=mission, now=now, start=start))
    publish_mission(mission, now=now)


def check_language(language: str) -> None:
    """Refuse a language that Parallagon does not speak.

    Raises:
        ValidationError: it is another one.
    """
    if language not in Mission.Language.values:
        raise ValidationError(_("The language is “en” or “fr”."), field="language")


def check_title(title: str) -> None:
    """Refuse a title that cannot be shown.

    Raises:
        ValidationError: it is empty, too long, or holds control characters.
    """
    if not title.strip() or len(title) > LONGEST_TITLE or not title.isprintable():
        sentence = _("A title has 1 to %(most)s characters.") % {"most": LONGEST_TITLE}
        raise ValidationError(sentence, field="title")


def check_model(model: str) -> None:
    """Refuse what cannot be the name of a model; whether it answers is for its runs to tell.

    Raises:
        ValidationError: it is empty, too long, or holds spaces or control characters.
    """
    if not 0 < len(model) <= 200 or not model.isprintable() or " " in model:
        raise ValidationError(_("That cannot be the name of a model."), field="model")


def heading_of(text: str) -> str:
    """Return the first Markdown heading of ``text``."""
    headings = (line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#"))
    return next(headings, "")[:LONGEST_TITLE]
