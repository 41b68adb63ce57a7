"""A run that its worker cannot finish goes to another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agents import announce
from agents.gateway.protocol import CallRecord
from agents.models import Agent, AgentRun
from agents.services.finish import FinishRun
from agents.services.queue import WAKEFUL, queue_run
from missions.turns import turn
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class HandBackRun(BaseService[AgentRun | None]):
    """End a run whose worker stops, and queue another in its place; return that one.

    Nothing of it lands, and what its calls cost is in the ledger. An agent that is to stop stops,
    but for a run that a person asked for: that one is still owed.

    Raises:
        Conflict: it has finished already.
    """

    operation = "agents.run.hand_back"
    run: AgentRun
    reason: str
    calls: Sequence[CallRecord]
    now: datetime

    def _perform(self) -> AgentRun | None:
        with turn(self.run.mission_id):
            FinishRun(
                run=self.run,
                outcome=AgentRun.Outcome.CANCELLED,
                reason=self.reason,
                calls=self.calls,
                now=self.now,
            ).execute()
            agent = Agent.objects.select_related("mission").get(pk=self.run.agent_id)
            is_owed = (
                agent.state == Agent.State.STOPPED and self.run.trigger == AgentRun.Trigger.PERSON
            )
            if agent.state not in WAKEFUL and not is_owed:
                return None
            again = queue_run(agent, trigger=self.run.trigger, reason=self.reason, now=self.now)
            if is_owed:  # then it stops, as it would have
                agent.is_stopping = True
                agent.save(update_fields=["is_stopping"])
            announce.agent_changed(agent, now=self.now)
        return again
