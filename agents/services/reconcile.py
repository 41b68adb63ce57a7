"""After the settings have changed: agents for new roles, and rest for those whose role is gone."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from agents import announce
from agents.models import Agent
from agents.roles import registry
from agents.services.control import StopAgent
from agents.services.roster import add_missing
from missions.models import Mission
from missions.turns import turn
from parallagon.core.services import BaseService

BATCH = 500


@dataclass(frozen=True, kw_only=True)
class ReconcileRoles(BaseService[tuple[int, int]]):
    """Let every mission have the roles of the settings; return how many agents came and went.

    Agents of new roles come stopped. Those of roles that are gone stop and stay, with their runs,
    as unavailable: the role may come back. Doing it twice changes nothing more.
    """

    operation = "agents.roles.reconcile"
    now: datetime

    def _perform(self) -> tuple[int, int]:
        missions = Mission.objects.exclude(state=Mission.State.DELETED).order_by("pk")
        keys = list(missions.values_list("pk", flat=True))
        batches = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
        return sum(add_missing(batch, now=self.now) for batch in batches), self._stop_gone()

    def _stop_gone(self) -> int:
        names = [role.role for role in registry.all_roles()]
        gone = Agent.objects.exclude(role__in=names).exclude(state=Agent.State.STOPPED)
        agents = gone.exclude(is_stopping=True).select_related("mission")
        return sum(self._stop(agent) for agent in list(agents))

    def _stop(self, agent: Agent) -> bool:
        """Stop one agent; return whether that was still to be done in its turn."""
        with turn(agent.mission_id), translation.override(agent.mission.language):
            agent.refresh_from_db(fields=["state", "is_stopping"])
            if agent.is_stopping or agent.state == Agent.State.STOPPED:
                return False  # another worker, which has just started too, was faster
            StopAgent(agent=agent, now=self.now).execute()
            agent.reason = _("this installation no longer has its role")
            agent.save(update_fields=["reason"])
            announce.agent_changed(agent, now=self.now)
        return True
