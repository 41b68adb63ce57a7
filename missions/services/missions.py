"""What people set about a mission as a whole."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from missions import hooks
from missions.models import Mission
from missions.services.create import check_model, check_title
from missions.services.writing import check_open, publish_mission
from missions.turns import turn
from parallagon.core.errors import PreconditionFailed
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class UpdateMission(BaseService[Mission]):
    """Give a mission another title or default model; ``None`` leaves it.

    Raises (from ``execute``):
        PreconditionFailed: it is no longer at ``version`` (``None``: whatever it is at).
    """

    operation = "missions.mission.update"
    mission: Mission
    now: datetime
    title: str | None = None
    model: str | None = None
    version: int | None = None

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
        with turn(self.mission.pk):
            self._take_version()
            for name, value in changed.items():
                setattr(self.mission, name, value)
            self.mission.save(update_fields=[*changed, "updated_at"])
            for hook in hooks.on_updated:
                hook(hooks.Updated(mission=self.mission, fields=frozenset(changed), now=self.now))
            publish_mission(self.mission, now=self.now)
        self.mission.refresh_from_db()
        return self.mission

    def _take_version(self) -> None:
        known = Mission.objects.filter(pk=self.mission.pk)
        if self.version is not None:
            known = known.filter(version=self.version)
        if not known.update(version=F("version") + 1):
            raise overtaken()


def overtaken() -> PreconditionFailed:
    """Return what to raise when a mission is not as the caller knew it."""
    return PreconditionFailed(_("Someone else changed this mission in between."))
