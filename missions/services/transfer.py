"""Missions that come from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from missions import standard
from missions.models import Mission
from missions.services.create import CreateMission, heading_of
from missions.services.recreate import RecreateMission
from missions.transfer import incoming
from missions.transfer.incoming import Incoming
from missions.transfer.manifest import Manifest
from missions.transfer.past import Past
from missions.transfer.sorting import Skipped
from missions.transfer.sources import Source
from parallagon.accounts.models import User
from parallagon.core.errors import ValidationError
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A mission that was brought, and what was left out of it."""

    mission: Mission
    skipped: Sequence[Skipped]


@dataclass(frozen=True, kw_only=True)
class ImportMission(BaseService[Imported]):
    """A new mission with the files of a ZIP or a folder, which become the person's own.

    What is not given comes from the archive: the title from an export or the request's heading
    (else ``fallback``), the language from an export. ``request`` counts where the archive has no
    ``demande.md``. An export comes back with exactly its files; anything else gets the standard
    files that it lacks. An archive with a history brings that back too.

    Raises (from ``execute``):
        BadArchive: it is damaged, hostile or too much; nothing was written.
        ValidationError: a file is not one that a mission may have, or the request is missing.
    """

    operation = "missions.mission.import"
    owner: User
    source: Source
    now: datetime
    title: str = ""
    language: str = ""
    request: str = ""
    model: str = ""
    fallback: str = ""
    start: bool = False

    def _perform(self) -> Imported:
        found = incoming.read(self.source, now=self.now)
        mission = self._recreate(found, found.past) if found.past else self._create(found)
        return Imported(mission=mission, skipped=found.skipped)

    def _recreate(self, found: Incoming, past: Past) -> Mission:
        about = found.manifest
        return RecreateMission(
            owner=self.owner,
            title=self.title or (about.title if about else "") or self.fallback,
            language=self._language(about),
            model=self.model or settings.PARALLAGON_MODEL,
            source=self.source,
            past=past,
            start=self.start,
            now=self.now,
        ).execute()

    def _create(self, found: Incoming) -> Mission:
        about = found.manifest
        texts = dict(found.texts)
        request = texts.pop(standard.REQUEST, None) or self.request
        if not request.strip():
            raise ValidationError(
                _("There is no demande.md with a text in it: say what the mission is about."),
                field="request",
            )
        return CreateMission(
            owner=self.owner,
            title=self.title or (about.title if about else heading_of(request)) or self.fallback,
            request=request,
            language=self._language(about),
            model=self.model or settings.PARALLAGON_MODEL,
            files=texts,
            has_templates=about is None,
            start=self.start,
            now=self.now,
        ).execute()

    def _language(self, about: Manifest | None) -> str:
        return self.language or (about.language if about else str(settings.PARALLAGON_LANGUAGE))
