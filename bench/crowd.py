"""Many runs at work at once, all waiting for their model, and what they take up meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from bench.stage import Answering, InstantModel

MEBIBYTE = 1024 * 1024
LONGEST = 280.0
"""Seconds after which waiting for something that does not come is given up."""

EDIT = (
    "production.md\n```\n<<<<<<< SEARCH\n# Production\n=======\n# Written\n>>>>>>> REPLACE\n```\n"
)


class WaitingModel(InstantModel):
    """A model that answers nobody before it is told to, and knows when a crowd is waiting."""

    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(_Holding)
        self._lock = threading.Lock()
        self.expect(0)

    def expect(self, crowd: int) -> None:
        """Forget those who came before; ``everyone_waits`` is set when so many wait."""
        self._crowd = crowd
        self._arrived = 0
        self.everyone_waits = threading.Event()
        self.may_answer = threading.Event()
        self.replies[:] = [EDIT] * crowd

    def hold(self) -> None:
        with self._lock:
            self._arrived += 1
            if self._arrived == self._crowd:
                self.everyone_waits.set()
        self.may_answer.wait(LONGEST)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that were ended."""


class _Holding(Answering):
    server: WaitingModel

    def do_POST(self) -> None:  # noqa: N802 - the base's name
        self.server.hold()
        super().do_POST()


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What the runs at work take up: memory in MiB, the rest counted in the worker's process."""

    children: list[float]
    engine: float
    gateway: float
    worker: float
    threads: int
    descriptors: int
    connections: int

    @classmethod
    def of(cls, workshop: Any, *, database: Path) -> "Footprint":
        """Look at everything that is there now."""
        engine = psutil.Process(workshop.engine.health().pid)
        worker = psutil.Process()
        family = {engine.pid, *(child.pid for child in engine.children(recursive=True))}
        # The model of a benchmark lives in the worker's process, the gateway is its child.
        others = [one for one in worker.children() if one.pid not in family]
        return cls(
            children=[pss(child) for child in engine.children(recursive=True)],
            engine=pss(engine),
            gateway=sum(pss(one) for one in others if "agents.gateway" in " ".join(one.cmdline())),
            worker=pss(worker),
            threads=worker.num_threads(),
            descriptors=worker.num_fds(),
            connections=sum(Path(file.path) == database for file in worker.open_files()),
        )


def pss(process: psutil.Process) -> float:
    """Return a process's own memory and its share of what it shares, in MiB."""
    return float(process.memory_full_info().pss) / MEBIBYTE


def begin(pool: ThreadPoolExecutor, run_ids: list[UUID], workshop: Any) -> list[Any]:
    """Carry out runs, each on a thread of its own, as the worker of the cycles does."""
    return [pool.submit(_carry_out, run_id, workshop) for run_id in run_ids]


def _carry_out(run_id: UUID, workshop: Any) -> None:
    from django.db import connections

    from agents.cycle import run_cycle

    try:
        run_cycle(run_id, workshop=workshop)
    finally:
        connections.close_all()


def queue(missions: list[Any]) -> list[UUID]:
    """Queue a run of each mission's production agent."""
    from django.utils import timezone

    from agents.models import Agent
    from agents.services import RunAgent

    agents = Agent.objects.select_related("mission").filter(mission__in=missions, role="production")
    return [RunAgent(agent=agent, now=timezone.now()).execute().pk for agent in agents]
