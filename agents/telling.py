"""What people are told of agents beyond the mission's events."""

from agents.hooks import LoopStopped
from agents.models import Agent
from notifications.services import Notify


def tell_of_loop(stopped: LoopStopped) -> None:
    """Tell people of agents that went round in circles, or fail again and again."""
    is_failing = stopped.kind == Agent.Loop.FAILING
    roles = ", ".join(stopped.roles)
    Notify(
        type="run.failing" if is_failing else "agent.loop",
        mission=stopped.mission,
        params={"role": roles, "reason": stopped.reason},
        dedupe_key=f"{stopped.mission.pk} {roles}",
        link=f"/editor?mission={stopped.mission.pk}",
        now=stopped.now,
    ).execute()
