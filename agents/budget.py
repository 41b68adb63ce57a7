"""What a mission may still use today."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import Count, Sum

from agents.gateway.protocol import Allowance
from agents.models import ModelCall
from agents.scheduling import day_of
from parallagon.core.errors import AgentError

GRACE_SECONDS: Final = 10
"""The worker ends a run that takes too long; the gateway does so when the worker does not."""


OFFLINE: Final = "offline/"


class CeilingReached(AgentError):  # noqa: N818 - says what happened
    """The mission has used what it may use today."""

    code = "ceiling_reached"


@dataclass(frozen=True, kw_only=True)
class DayAllowance:
    """What is left of a mission's day, in calls and in output tokens."""

    calls: int
    output_tokens: int

    @property
    def is_used_up(self) -> bool:
        return self.calls <= 0 or self.output_tokens <= 0

    def sentence(self) -> str:
        """Say which ceiling was reached and what raises it."""
        if self.calls <= 0:
            return (
                f"The mission has made its {settings.PARALLAGON_MISSION_DAY_CALLS} model calls of "
                "today (PARALLAGON_MISSION_DAY_CALLS)."
            )
        return (
            f"The mission has used its {settings.PARALLAGON_MISSION_DAY_TOKENS} output tokens of "
            "today (PARALLAGON_MISSION_DAY_TOKENS)."
        )


FREE: Final = DayAllowance(calls=1_000_000, output_tokens=1_000_000_000)
"""The offline writer costs nobody anything: it has no day to use up."""


def left_today(mission_id: int, *, now: datetime) -> DayAllowance:
    """Return what the mission may still use before the next day begins (UTC)."""
    used = ModelCall.objects.filter(run__mission_id=mission_id, started_at__gte=day_of(now))
    used = used.exclude(run__model__startswith=OFFLINE)
    sums = used.aggregate(calls=Count("pk"), tokens=Sum("output_tokens"))
    return DayAllowance(
        calls=settings.PARALLAGON_MISSION_DAY_CALLS - sums["calls"],
        output_tokens=settings.PARALLAGON_MISSION_DAY_TOKENS - (sums["tokens"] or 0),
    )


def reserve(mission_id: int, *, model: str, now: datetime) -> Allowance:
    """Return what a run that begins now may use; the gateway holds it to that.

    Raises:
        CeilingReached: nothing is left of the mission's day.
    """
    left = FREE if model.startswith(OFFLINE) else left_today(mission_id, now=now)
    if left.is_used_up:
        raise CeilingReached(left.sentence(), mission=mission_id)
    return Allowance(
        calls=settings.PARALLAGON_RUN_CALLS,
        output_tokens=left.output_tokens,
        ends_at=now.timestamp() + settings.PARALLAGON_RUN_SECONDS + GRACE_SECONDS,
        mission_calls=left.calls,
        mission_output_tokens=left.output_tokens,
    )
