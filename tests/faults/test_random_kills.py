"""Everything that carries out cycles, killed at random moments while a crowd of agents works.

``PARALLAGON_KILLS`` sets how often (25), ``PARALLAGON_KILLS_SEED`` repeats who and when. Whatever
died, each run ends in time, once, with all that it cost and nothing left behind.
"""

import logging
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.utils import timezone

from agents.gateway.protocol import read_calls
from agents.models import Agent, AgentRun, ModelCall
from agents.selectors import run_directory
from missions.models import Event, LandingRecord, Lease, Mission, MissionFile, Revision
from missions.selectors import current_text
from missions.services import CreateMission
from missions.storage import FileManager
from missions.tasks import recover
from tests.factories import make_user
from tests.faults.cycle_worker import Broker, CeleryProcess, is_there, worker_of
from tests.waiting import wait_until

logger = logging.getLogger(__name__)

KILLS = int(os.environ.get("PARALLAGON_KILLS", "25"))
MISSIONS = 8
RUN_SECONDS = 20
REQUEST = "# A tool\n\nThe tool must count words.\n\nIt should be quick.\n"

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240 + 30 * KILLS)]


class Installation:
    """The processes that carry out cycles, each replaced as soon as it is dead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = Broker(folder)
        self.relatives: list[psutil.Process] = []
        self.processes = {name: self._start(name) for name in ("cycles", "default", "beat")}

    def _start(self, name: str) -> CeleryProcess:
        arguments = ("beat", "--pidfile=") if name == "beat" else worker_of(name)
        return CeleryProcess(
            self.folder, *arguments, name=name,
            PARALLAGON_OFFLINE_PACE="150", PARALLAGON_RUN_SECONDS=str(RUN_SECONDS),
        )  # fmt: skip

    def kill(self, victim: str) -> bool:
        """Kill one as the kernel would; return whether it was there."""
        self._remember()
        if victim == "valkey":
            self.broker.kill()
            self.broker.start()
        elif victim in self.processes:
            self.processes[victim].kill()
            self.processes[victim].close()
            self.processes[victim] = self._start(victim)
        else:
            try:
                self.processes["cycles"].child(victim).kill()
            except (ValueError, psutil.NoSuchProcess):
                return False  # it has not come back yet since the last time
        return True

    def _remember(self) -> None:
        """Note who is there, so that none can be forgotten in the end."""
        for process in self.processes.values():
            self.relatives.extend([process.me, *process.family()])

    def close(self) -> None:
        """End what is left, once."""
        if not self.processes:
            return
        self._remember()
        for process in self.processes.values():
            process.close()
        self.processes = {}
        self.broker.close()


@pytest.fixture
def installation(settings: Any, transactional_db: None) -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="parallagon-kills-"))
    settings.DATA_DIR = folder
    one = Installation(folder)
    yield one
    one.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def missions(installation: Installation) -> list[Mission]:
    owner = make_user()
    return [
        CreateMission(
            owner=owner, title=f"Words {number}", request=REQUEST, language="en",
            model="offline/writer", now=timezone.now(), start=True,
        ).execute()
        for number in range(MISSIONS)
    ]  # fmt: skip


VICTIMS = ("agents.aider.server", "agents.gateway.server", "cycles", "default", "beat", "valkey")


def test_kills_lose_nothing(installation: Installation, missions: list[Mission]) -> None:
    seed = int(os.environ.get("PARALLAGON_KILLS_SEED", time.time_ns() % 100_000))
    logger.info("PARALLAGON_KILLS_SEED=%s", seed)
    chance = random.Random(seed)  # noqa: S311 - it picks victims
    killed: Counter[str] = Counter()

    while killed.total() < KILLS:
        wait_until(lambda: is_at_work(installation), 120)
        moment = time.monotonic() + chance.uniform(0, 1)
        wait_until(lambda at=moment: time.monotonic() >= at)  # type: ignore[misc]
        victim = chance.choice(VICTIMS)
        killed[victim] += installation.kill(victim)
    Agent.objects.update(is_stopping=True)
    wait_until(lambda: not AgentRun.objects.filter(state__in=AgentRun.ACTIVE).exists(), 180)
    installation.close()

    outcomes = Counter(AgentRun.objects.values_list("outcome", "failure"))
    logger.info("killed %s; runs %s", dict(killed), dict(outcomes))
    assert_ended_in_time()
    assert_charged_once()
    assert_landed_once(missions)
    assert not Lease.objects.filter(released_at=None).exists()
    assert list((installation.folder / "staging").iterdir()) == []
    assert not [one for one in installation.relatives if is_there(one)], "an orphan"


def is_at_work(installation: Installation) -> bool:
    """Let all who rest look again, and tell whether a run is at work now."""
    now = timezone.now()
    resting = Agent.objects.filter(state__in=[*Agent.RESTING], is_stopping=False)
    resting.update(
        state=Agent.State.IDLE, loop="", next_run_at=now, fingerprint="", failure_count=0
    )
    fresh = now - timedelta(seconds=1)
    return AgentRun.objects.filter(state=AgentRun.State.RUNNING, heartbeat_at__gte=fresh).exists()


def assert_ended_in_time() -> None:
    """Thirty seconds after its deadline, whatever died, a run has its outcome."""
    for run in AgentRun.objects.exclude(deadline_at=None):
        assert run.finished_at is not None
        assert run.deadline_at is not None
        late = run.finished_at - run.deadline_at
        assert late <= timedelta(seconds=30), (run.outcome, run.failure, run.reason)
        assert run.outcome
        assert run.failure or run.outcome not in {"failed", "timed_out"}, run.reason
    failures = set(AgentRun.objects.values_list("failure", flat=True))
    # "cut_off": the gateway saw that its child had gone before the worker saw why.
    deaths = {"cut_off", "engine_died", "engine_unavailable", "gateway_lost", "worker_lost"}
    assert failures <= {"", *deaths}, failures


def assert_charged_once() -> None:
    """The ledger holds each call that the gateway noted, once."""
    for run in AgentRun.objects.exclude(started_at=None):
        noted = [call.number for call in read_calls(run_directory(run.pk))]
        charged = ModelCall.objects.filter(run=run).order_by("number")
        assert list(charged.values_list("number", flat=True)) == noted
        assert run.call_count == len(noted)


def assert_landed_once(missions: list[Mission]) -> None:
    recover()
    assert not LandingRecord.objects.filter(state="OPEN").exists()
    ended = Counter(event.data["run"] for event in Event.objects.filter(type="run.finished"))
    assert set(ended.values()) <= {1}, "a run ended twice"
    for mission in missions:
        files = MissionFile.objects.filter(mission=mission).present()
        root = FileManager(mission).root
        for file in files:
            assert (root / file.path).read_text() == current_text(file)
        by_run = Revision.objects.filter(file__mission=mission).exclude(run_id=None)
        landed = Counter(by_run.values_list("file_id", "run_id"))
        assert set(landed.values()) <= {1}, "a run landed twice"
        changed = AgentRun.objects.filter(mission=mission, outcome="changed")
        assert {run for _file, run in landed} == set(changed.values_list("pk", flat=True))
