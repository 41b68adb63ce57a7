"""One look at everything that works, in a handful of queries that all watchers share."""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from agents.circuits import MODELS
from agents.models import Agent, AgentRun, ModelCall
from missions.models import Mission
from missions.selectors import missions_of
from parallagon.accounts.models import User
from parallagon.health import available_sandbox

SECONDS: Final = 1
"""A look is shared for so long by everyone who may see the same."""
LATE: Final = timedelta(seconds=10)
"""An agent that is due for longer shows that nobody dispatches."""
_MEMORY: Final = 60  # seconds for which the last count of events is remembered
_FAILED: Final = (AgentRun.Outcome.FAILED, AgentRun.Outcome.TIMED_OUT)


def overview(*, user: User, now: datetime) -> Mapping[str, Any]:
    """Return how the missions that ``user`` may see are doing, at most a second old."""
    scope = "all" if user.is_staff else str(user.pk)
    known: Mapping[str, Any] | None = cache.get(f"overview:{scope}")
    if known is None:
        known = _look(user, scope, now)
        cache.set(f"overview:{scope}", known, SECONDS)
    return known


def _look(user: User, scope: str, now: datetime) -> Mapping[str, Any]:
    missions = Mission.objects.kept() if user.is_staff else missions_of(user=user)
    mine = Q() if user.is_staff else Q(mission__in=missions.values("pk"))
    states = missions.order_by().values("state").annotate(n=Count("pk"), published=Sum("seq"))
    by_state = {row["state"]: row for row in states}
    event_count = sum(row["published"] for row in by_state.values())
    found: dict[str, Any] = {
        "missions": {state: row["n"] for state, row in sorted(by_state.items())},
        "agents": _agents(mine, now),
        "runs": _runs(mine, now),
        "queue": _queue(mine, now),
        "spent_today": _spent(mine, user, now),
        "events_a_second": _rate(scope, event_count, now),
    }
    return {**found, "installation": _installation() if user.is_staff else None}


def _agents(mine: Q, now: datetime) -> dict[str, Any]:
    agents = Agent.objects.filter(mine, mission__state=Mission.State.ACTIVE).order_by()
    late = Q(state=Agent.State.IDLE, next_run_at__lt=now - LATE)
    rows = list(agents.values("state").annotate(n=Count("pk"), late=Count("pk", filter=late)))
    return {
        "by_state": {row["state"]: row["n"] for row in sorted(rows, key=lambda row: row["state"])},
        "late": sum(row["late"] for row in rows),
    }


def _runs(mine: Q, now: datetime) -> dict[str, Any]:
    ended = AgentRun.objects.filter(mine, finished_at__gte=now - timedelta(hours=1)).order_by()
    lately = Q(finished_at__gte=now - timedelta(minutes=1))
    rows = list(ended.values("outcome").annotate(n=Count("pk"), lately=Count("pk", filter=lately)))
    return {
        "last_hour": {row["outcome"]: row["n"] for row in sorted(rows, key=lambda r: r["outcome"])},
        "last_minute": sum(row["lately"] for row in rows),
        "errors_last_minute": sum(row["lately"] for row in rows if row["outcome"] in _FAILED),
    }


def _queue(mine: Q, now: datetime) -> dict[str, Any]:
    """Return what waits and who is at work: a worker is known by the runs that it carries out."""
    active: QuerySet[AgentRun] = AgentRun.objects.filter(mine, state__in=AgentRun.ACTIVE)
    rows = list(
        active.order_by()
        .values("state", "worker")
        .annotate(n=Count("pk"), since=Min("queued_at"), seen_at=Max("heartbeat_at"))
    )
    waiting = [row for row in rows if row["state"] == AgentRun.State.QUEUED]
    working = [row for row in rows if row["state"] == AgentRun.State.RUNNING]
    oldest = min((row["since"] for row in waiting), default=None)
    return {
        "waiting": sum(row["n"] for row in waiting),
        "oldest_seconds": int((now - oldest).total_seconds()) if oldest else None,
        "running": sum(row["n"] for row in working),
        "workers": [
            {"name": row["worker"], "runs": row["n"], "seen_at": row["seen_at"]}
            for row in sorted(working, key=lambda row: row["worker"])
        ],
    }


def _spent(mine: Q, user: User, now: datetime) -> dict[str, Any]:
    calls = ModelCall.objects.filter(mine, day=now.date())
    sums = calls.aggregate(cost=Sum("cost"), tokens=Sum("output_tokens"), calls=Count("pk"))
    return {
        "cost": sums["cost"] or 0,
        "tokens": sums["tokens"] or 0,
        "calls": sums["calls"],
        "cap": settings.PARALLAGON_DAY_DOLLARS if user.is_staff else None,
    }


def _rate(scope: str, count: int, now: datetime) -> float | None:
    """Return how many events a second came since the last look; unknown at the first."""
    last: tuple[int, datetime] | None = cache.get(f"overview:events:{scope}")
    cache.set(f"overview:events:{scope}", (count, now), _MEMORY)
    if last is None or now <= last[1]:
        return None
    return round(float(max(0, count - last[0])) / (now - last[1]).total_seconds(), 1)


def _installation() -> dict[str, Any]:
    disk = shutil.disk_usage(settings.DATA_DIR)
    opened = (name for name, circuit in MODELS.circuits().items() if circuit.opened_at is not None)
    return {
        "open_breakers": sorted(opened),
        "sandbox": available_sandbox(),
        # In tenths of a gigabyte: a figure that changes all the time tells nobody anything.
        "disk_free_gb": round(disk.free / 10**9, 1),
        "disk_used_share": round(disk.used / disk.total, 2) if disk.total else 0.0,
    }
