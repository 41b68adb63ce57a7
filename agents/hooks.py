"""What other parts do when something happens to agents, inside the same transaction.

Each list is filled in an ``AppConfig.ready()``; a hook that raises undoes the change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from missions.models import Mission


@dataclass(frozen=True, kw_only=True)
class LoopStopped:
    """These roles of a mission were paused because they went round in circles."""

    mission: Mission
    roles: tuple[str, ...]
    kind: str
    reason: str
    now: datetime


on_loop: list[Callable[[LoopStopped], None]] = []
