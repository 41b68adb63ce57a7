"""What a safe write costs: ``files.write``, alone and while four agents land.

Beside it: ``open().write()`` and ``fsync`` of the same bytes, which keeps no history, merges
nothing and can be torn. The disk's moods are the same for both: they take turns.
"""

import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from bench.figures import milliseconds, percentile
from bench.place import installation, make_mission, prose, save

ALONE = 150
AMONG_AGENTS = 150
AGENTS = ("specifications", "production", "management", "evaluation")
PERIOD = 0.1  # seconds between the landings of one agent: the pace of cycles with an instant model
PAUSE = 0.05  # seconds between two saves of the person
SIZE = 20 * 1024


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of a person's saves, alone and among agents."""
    with installation():
        person = Person(make_mission(), folder / "plain.md")
        yield alone(person)
        yield among_agents(person)


class Person:
    """Saves the same file again and again, each time with another line."""

    def __init__(self, mission: Any, plain: Path) -> None:
        self.mission = mission
        self.number: int | None = None
        self.plain = plain
        self.count = 0

    def write(self) -> tuple[float, float]:
        """Save a text both ways; return the milliseconds of each."""
        self.count += 1
        text = f"Version {self.count}\n{prose(SIZE)}"
        [safe] = milliseconds(lambda: self._save(text), times=1)
        [plain] = milliseconds(lambda: write_plainly(self.plain, text), times=1)
        return safe, plain

    def _save(self, text: str) -> None:
        saved = save(self.mission, "notes.md", text, base=self.number)
        self.number = saved.revision.number


def write_plainly(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def alone(person: Person) -> dict[str, Any]:
    """Count writes a second."""
    for _ in range(5):
        person.write()
    safe, plain = zip(*(person.write() for _ in range(ALONE)), strict=True)
    value, versus = 1000 / statistics.median(safe), 1000 / statistics.median(plain)
    return {
        "name": "files.write",
        "agents": 0,
        "value": round(value, 1),
        "unit": "writes/s",
        "median_ms": round(statistics.median(safe), 2),
        "p95_ms": round(percentile(list(safe), 95), 2),
        "versus": "open().write() and fsync",
        "versus_value": round(versus, 1),
        "ratio": round(value / versus, 2),
        "bytes": SIZE,
        "runs": ALONE,
        "database": "sqlite",
    }


def among_agents(person: Person) -> dict[str, Any]:
    """Time a person's saves while agents land in the same mission, from processes of their own."""
    saves: list[tuple[float, float]] = []
    with agents_at_work(person.mission) as landings:
        before, started = landings.value, time.perf_counter()
        for _ in range(AMONG_AGENTS):
            saves.append(person.write())  # raises if it is refused
            time.sleep(PAUSE)
        pace = (landings.value - before) / (time.perf_counter() - started)
    safe, plain = (list(side) for side in zip(*saves, strict=True))
    value, versus = percentile(safe, 95), percentile(plain, 95)
    return {
        "name": "files.write",
        "agents": len(AGENTS),
        "value": round(value, 2),
        "unit": "ms (p95)",
        "median_ms": round(statistics.median(safe), 2),
        "worst_ms": round(max(safe), 2),
        "refused": 0,
        "landings_a_second": round(pace, 1),
        "versus": "open().write() and fsync, same disk and load (p95)",
        "versus_value": round(versus, 2),
        "ratio": round(versus / value, 2),
        "bytes": SIZE,
        "runs": AMONG_AGENTS,
        "database": "sqlite",
    }


@contextmanager
def agents_at_work(mission: Any) -> Iterator[Any]:
    """Yield the count of landings by agents, which go on until the context ends."""
    context = multiprocessing.get_context("spawn")
    end, landings = context.Event(), context.Value("i", 0)
    ready = context.Barrier(len(AGENTS) + 1)
    agents = [
        context.Process(target=land_again_and_again, args=(mission.pk, role, ready, end, landings))
        for role in AGENTS
    ]
    for agent in agents:
        agent.start()
    try:
        ready.wait(60)
        yield landings
    finally:
        end.set()
        for agent in agents:
            agent.join(30)
    if any(agent.exitcode for agent in agents):
        raise AssertionError("an agent's landing failed")


def land_again_and_again(mission_id: int, role: str, ready: Any, end: Event, landings: Any) -> None:
    """Be an agent: every ``PERIOD`` a new run with its lease lands its file."""
    import django

    django.setup()
    from missions.models import Mission

    mission = Mission.objects.get(pk=mission_id)
    text = prose(SIZE, seed=len(role) * 1000)
    ready.wait(60)
    count = 0
    while not end.wait(PERIOD):
        count += 1
        land_once(mission, role, f"Run {count}\n{text}")
        with landings.get_lock():
            landings.value += 1


def land_once(mission: Any, role: str, text: str) -> None:
    from datetime import timedelta
    from uuid import uuid4

    from django.db import transaction
    from django.utils import timezone

    from missions.landing import Author, Change, land
    from missions.leases import release_lease, take_lease
    from missions.models import MissionFile

    now, run, path = timezone.now(), uuid4(), f"{role}.md"
    with transaction.atomic():
        lease = take_lease(
            mission_id=mission.pk, role=role, run_id=run, patterns=[path], now=now,
            ends_at=now + timedelta(minutes=1),
        )  # fmt: skip
    rows = MissionFile.objects.filter(mission=mission, path=path)
    number = rows.values_list("current__number", flat=True).get()
    land(
        mission, [Change(path=path, text=text, base=number)],
        author=Author.agent(role, run), now=now, fence=lease.token, timeout=30,
    )  # fmt: skip
    release_lease(run, now=timezone.now())
