"""What is changed about a mission as a whole."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from missions import hooks
from missions.models import Mission
from missions.services.create import check_model, check_title
from missions.services.writing import check_open, publish_mission
from parallagon.core.errors import Conflict
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class UpdateMission(BaseService[Mission]):
    """Give a mission another title or default model; ``None`` leaves it."""

    operation = "missions.mission.update"
    mission: Mission
    now: datetime
    title: str | None = None
    model: str | None = None

    def _validate_input(self) -> None:
        check_open(self.mission)
        if self.title is not None:
            check_title(self.title)
        if self.model is not None:
            check_model(self.model)

    def _perform(self) -> Mission:
        wanted = {"title": self.title and self.title.strip(), "model": self.model}
        changed = {
            name: value
            for name, value in wanted.items()
            if value is not None and value != getattr(self.mission, name)
        }
        if not changed:
            return self.mission
        for name, value in changed.items():
            setattr(self.mission, name, value)
        with transaction.atomic():
            self.mission.save(update_fields=[*changed, "updated_at"])
            for hook in hooks.on_updated:
                hook(hooks.Updated(mission=self.mission, fields=frozenset(changed), now=self.now))
            publish_mission(self.mission, now=self.now)
        self.mission.refresh_from_db()
        return self.mission


@dataclass(frozen=True, kw_only=True)
class ArchiveMission(BaseService[Mission]):
    """Put a mission away: it can be read, not written, and its agents rest."""

    operation = "missions.mission.archive"
    mission: Mission
    now: datetime

    def _perform(self) -> Mission:
        with transaction.atomic():
            _move(self.mission, Mission.State.ACTIVE, Mission.State.ARCHIVED)
            for hook in hooks.on_archived:
                hook(hooks.Archived(mission=self.mission, now=self.now))
            publish_mission(self.mission, now=self.now)
        self.mission.refresh_from_db()
        return self.mission


@dataclass(frozen=True, kw_only=True)
class RestoreMission(BaseService[Mission]):
    """Take a mission out of the archive; its agents stay stopped until someone starts them."""

    operation = "missions.mission.restore"
    mission: Mission
    now: datetime

    def _perform(self) -> Mission:
        with transaction.atomic():
            _move(self.mission, Mission.State.ARCHIVED, Mission.State.ACTIVE)
            publish_mission(self.mission, now=self.now)
        self.mission.refresh_from_db()
        return self.mission


def _move(mission: Mission, before: Mission.State, after: Mission.State) -> None:
    if not Mission.objects.filter(pk=mission.pk, state=before).update(state=after):
        sentence = _("This mission is %(state)s already.") % {"state": after.label}
        raise Conflict(sentence, state=after.value)
    mission.state = after
