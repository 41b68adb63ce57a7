"""How an agent works: by itself or under review, and how often it looks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import override

from agents import announce
from agents.models import Agent
from agents.services.queue import bounds_of, look_anew
from missions.services.writing import check_open
from missions.turns import turn
from parallagon.core.errors import ValidationError
from parallagon.core.services import BaseService

SOONEST: Final = 10
LATEST: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class ConfigureAgent(BaseService[Agent]):
    """Say how the agent works; all of it. An interval that is ``None`` is its role's.

    Raises (from ``execute``):
        ValidationError: an interval is out of bounds, or the two are the wrong way round.
    """

    operation = "agents.agent.configure"
    agent: Agent
    mode: Agent.Mode
    shortest: int | None
    longest: int | None
    now: datetime

    def _validate_input(self) -> None:
        check_open(self.agent.mission)
        for seconds in (self.shortest, self.longest):
            if seconds is not None and not SOONEST <= seconds <= LATEST:
                sentence = _("An interval is %(least)s to %(most)s seconds.")
                raise ValidationError(sentence % {"least": SOONEST, "most": LATEST})
        if self.shortest and self.longest and self.shortest > self.longest:
            raise ValidationError(_("The shortest interval is longer than the longest."))

    def _perform(self) -> Agent:
        agent = self.agent
        with turn(agent.mission_id), override(agent.mission.language):
            agent.mode, agent.shortest, agent.longest = self.mode, self.shortest, self.longest
            shortest, longest = bounds_of(agent)
            agent.interval = min(max(agent.interval, shortest), longest)
            agent.save(update_fields=["mode", "shortest", "longest", "interval"])
            look_anew(agent, reason=_("it works otherwise now"), now=self.now)
            announce.agent_changed(agent, now=self.now)
        return agent
