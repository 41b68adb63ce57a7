"""How things stand right now, for Prometheus: looked up when it asks, not counted along the way.

A handful of grouped queries that indexes answer, whatever the number of missions. What cannot be
looked up is left out, and `parallagon_scrape_failed` says which part it was.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, cast

import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.circuits import MODELS
from agents.models import Agent, AgentRun
from agents.selectors import agents_due
from missions.models import LandingRecord, Mission, Proposal
from parallagon.core import heartbeats
from parallagon.inside import room

logger = logging.getLogger(__name__)
QUEUES: Final = ("cycles", "default", "upkeep")
SECONDS: Final = 1.0
"""An answer is good for so long, whoever asks."""

Part = Callable[[datetime], Iterable[Metric]]


def standing() -> bytes:
    """Return how things stand, in Prometheus' text format; at most a second old."""
    return _last.get()


class Standing(Collector):
    """Every gauge that is looked up."""

    def collect(self) -> Iterator[Metric]:
        """Yield them, part by part."""
        now = timezone.now()
        failed = _gauge("scrape_failed", "Whether a part could not be looked up", ["part"])
        for name, part in PARTS.items():
            began = time.perf_counter()
            try:
                yield from list(part(now))
                failed.add_metric([name], 0)
            except (DatabaseError, redis.RedisError, OSError) as error:
                failed.add_metric([name], 1)
                logger.info("no measures of %s: %s", name, error)
            logger.debug("%s: %.1f ms", name, (time.perf_counter() - began) * 1000)
        yield failed


class _Kept:
    """One look that all who ask within a second share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = b""
        self._at = -SECONDS

    def get(self) -> bytes:
        with self._lock:
            if time.monotonic() - self._at >= SECONDS:
                registry = CollectorRegistry()
                registry.register(Standing())
                self._text = generate_latest(registry)
                self._at = time.monotonic()
            return self._text

    def forget(self) -> None:
        with self._lock:
            self._at = -SECONDS


_last = _Kept()
forget = _last.forget


def _agents(now: datetime) -> Iterator[Metric]:
    active = Agent.objects.filter(mission__state=Mission.State.ACTIVE).order_by()
    counts = dict(active.values_list("state").annotate(Count("pk")))
    by_state = _gauge("agents", "Agents of active missions, by state", ["state"])
    for state in Agent.State.values:
        by_state.add_metric([state.lower()], counts.get(state, 0))
    yield by_state
    due = agents_due(now=now).order_by().aggregate(n=Count("pk"), oldest=Min("next_run_at"))
    yield _value("agents_due", "Agents whose next look has come", due["n"])
    yield _value(
        "agents_oldest_due_seconds", "For how long the oldest of them is due", _age(due, now)
    )


def _runs(now: datetime) -> Iterator[Metric]:
    rows = AgentRun.objects.filter(state__in=AgentRun.ACTIVE).order_by().values("state")
    counted = rows.annotate(n=Count("pk"), oldest=Min("queued_at"))
    found: dict[str, dict[str, Any]] = {row["state"]: dict(row) for row in counted}
    active = _gauge("runs_active", "Runs queued and at work", ["state"])
    for state in AgentRun.ACTIVE:
        active.add_metric([state.lower()], found.get(state, {}).get("n", 0))
    yield active
    queued = found.get(AgentRun.State.QUEUED, {"oldest": None})
    yield _value(
        "runs_oldest_queued_seconds", "For how long the oldest run is queued", _age(queued, now)
    )


def _missions(now: datetime) -> Iterator[Metric]:
    counts = dict(Mission.objects.order_by().values_list("state").annotate(Count("pk")))
    by_state = _gauge("missions", "Missions, by state", ["state"])
    for state in Mission.State.values:
        by_state.add_metric([state.lower()], counts.get(state, 0))
    yield by_state
    undecided = Proposal.objects.filter(state=Proposal.State.OPEN).count()
    yield _value("proposals_open", "Proposals that nobody has decided", undecided)
    late = LandingRecord.objects.filter(
        state=LandingRecord.State.OPEN, created_at__lt=now - timedelta(seconds=60)
    )
    yield _value("landings_unfinished", "Landings open for more than a minute", late.count())


def _queues(_now: datetime) -> Iterator[Metric]:
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    with redis.Redis.from_url(settings.REDIS_URL, **room.PATIENCE) as client:
        pipe = client.pipeline(transaction=False)
        for queue in QUEUES:
            pipe.llen(f"{prefix}{queue}")
        pipe.hlen(f"{prefix}unacked")
        *lengths, unacknowledged = cast("list[int]", pipe.execute())
    waiting = _gauge("queue_messages", "Messages that wait with the broker", ["queue"])
    for queue, length in zip(QUEUES, lengths, strict=True):
        waiting.add_metric([queue], length)
    yield waiting
    yield _value("queue_unacknowledged", "Messages that workers hold", unacknowledged)


def _processes(_now: datetime) -> Iterator[Metric]:
    names = [one.name for one in heartbeats.alive()]
    heard = _gauge("processes", "Processes heard of within half a minute", ["name"])
    for name in sorted({*room.EXPECTED, *names}):
        heard.add_metric([name], names.count(name))
    yield heard


def _circuits(_now: datetime) -> Iterator[Metric]:
    states = [circuit.state for circuit in MODELS.circuits().values()]
    left_alone = _gauge("circuits", "Models that are left alone, or about to be tried", ["state"])
    for state in ("half_open", "open"):
        left_alone.add_metric([state], states.count(state))
    yield left_alone


def _disk(_now: datetime) -> Iterator[Metric]:
    disk = room.disk()
    yield _value("disk_free_bytes", "What others may still write in the data directory", disk.bytes)
    yield _value("disk_free_inodes", "Files that may still be made there", disk.inodes)


PARTS: Final[dict[str, Part]] = {
    "agents": _agents,
    "runs": _runs,
    "missions": _missions,
    "queues": _queues,
    "processes": _processes,
    "circuits": _circuits,
    "disk": _disk,
}


def _gauge(name: str, help_: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"parallagon_{name}", help_, labels=labels)


def _value(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"parallagon_{name}", help_, value=value)


def _age(row: dict[str, Any], now: datetime) -> float:
    return max(0.0, (now - row["oldest"]).total_seconds()) if row["oldest"] else 0.0
