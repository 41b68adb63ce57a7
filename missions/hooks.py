"""What other apps do when something happens to a mission, inside the same transaction.

Each list is filled in an ``AppConfig.ready()``; a hook that raises undoes the change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from missions.models import Mission, Revision


@dataclass(frozen=True, kw_only=True)
class Created:
    """A mission was created, with its first files."""

    mission: Mission
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Landed:
    """These revisions are now the current ones; ``revision.file`` is loaded."""

    mission: Mission
    revisions: Sequence[Revision]
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Archived:
    """A mission was put away."""

    mission: Mission
    now: datetime


on_created: list[Callable[[Created], None]] = []
on_landed: list[Callable[[Landed], None]] = []
on_archived: list[Callable[[Archived], None]] = []
