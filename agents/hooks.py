"""What other parts do when something happens to agents, inside the same transaction.

Each list is filled in an ``AppConfig.ready()``; a hook that raises undoes the change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from missions.models import Mission


@dataclass(frozen=True, kw_only=True)
class LoopStopped:
    """These roles of a mission were paused because they went round in circles, or in vain.

    ``kind`` is one of ``Agent.Loop``. Where ``goes_on`` is true they were not paused: what fails
    again and again lies outside of them and may pass by itself, but a person should know.
    """

    mission: Mission
    roles: tuple[str, ...]
    kind: str
    reason: str
    now: datetime
    goes_on: bool = False


on_loop: list[Callable[[LoopStopped], None]] = []
