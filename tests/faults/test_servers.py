"""An installation on several hosts, as far as one machine can be: PostgreSQL, Redis, all processes.

Only beside the servers of ``make test-production``; one long story, since starting it takes long.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from agents.models import Agent, AgentRun
from agents.services import StartAgent, StartMission, StopMission
from missions.models import Event, Lease, Mission, Revision
from missions.services import CreateMission
from parallagon.accounts.models import User
from parallagon.core.heartbeats import alive, silent
from tests.factories import make_user
from tests.faults.cycle_worker import ROOT, is_there
from tests.installation import free_port
from tests.waiting import wait_until

REDIS = os.environ.get("PARALLAGON_TEST_REDIS_URL", "")
pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not REDIS, reason="make test-production starts the servers"),
]


class Process:
    """One process of the installation, started as a container would start it."""

    def __init__(self, folder: Path, name: str, *, port: int = 8000, **environment: str) -> None:
        self.port = port
        database = django_settings.DATABASES["default"]
        address = os.environ["PARALLAGON_TEST_DATABASE_URL"].rpartition("/")[0]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.log = (folder / f"{name}-{port}-{len(list(folder.glob('*.log')))}.log").open("wb+")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", name],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env={
                **kept,
                "DJANGO_SETTINGS_MODULE": "parallagon.settings.production",
                "HOST": "127.0.0.1",
                "PORT": str(port),
                "SECURE_SSL_REDIRECT": "false",
                "SECRET_KEY": django_settings.SECRET_KEY,
                "DATABASE_URL": f"{address}/{database['NAME']}",
                "REDIS_URL": REDIS,
                "PARALLAGON_REDIS_PREFIX": django_settings.REDIS_PREFIX,
                "PARALLAGON_DATA_DIR": str(folder),
                "PARALLAGON_LOCKS": "redis",
                "PARALLAGON_CYCLES": "2",
                "PARALLAGON_QUIET_SECONDS": "0",
                "PARALLAGON_OFFLINE_PACE": "0",
                **environment,
            },
        )

    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, *, within: float = 30) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        return self.process.wait(within)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.log.close()


class Hosts:
    """All processes, on one data directory."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="parallagon-hosts-"))
        self.processes: list[Process] = []

    def start(self, name: str, **options: Any) -> Process:
        self.processes.append(Process(self.folder, name, **options))
        return self.processes[-1]

    def worker(self, **environment: str) -> Process:
        """Start a worker of the cycles and wait until it takes runs."""
        worker = self.start("cycles", **environment)
        self.wait_for(worker)
        return worker

    def wait_for(self, process: Process) -> None:
        """Wait until a process has said that it lives."""
        pid = process.process.pid
        wait_until(lambda: pid in {one.pid for one in alive()} or self._ended(process), 120)

    def _ended(self, process: Process) -> bool:
        assert process.process.poll() is None, process.said()
        return False

    def close(self) -> None:
        for process in reversed(self.processes):
            process.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def hosts(transactional_db: None, settings: Any) -> Iterator[Hosts]:
    hosts = Hosts()
    settings.DATA_DIR, settings.REDIS_URL = hosts.folder, REDIS
    yield hosts
    hosts.close()


def make(owner: User) -> Mission:
    return CreateMission(
        owner=owner, title="Words", request="# A tool\n\nIt must count words.\n",
        language="en", model="offline/writer", now=timezone.now(),
    ).execute()  # fmt: skip


def session_of(user: User) -> str:
    """Sign someone in; every web process reads the session from the database."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key


async def save_here_and_listen_there(
    mission: Mission, session: str, here: Process, there: Process
) -> dict[str, Any]:
    """Save a file at one web process; return the frame that a socket at the other one gets."""
    token = "a" * 32

    def headers(web: Process) -> dict[str, str]:
        cookies = (f"parallagon_{web.port}={session}", f"parallagon_csrf_{web.port}={token}")
        origin = f"http://127.0.0.1:{web.port}"
        return {"Cookie": "; ".join(cookies), "Origin": origin, "X-CSRFToken": token}

    socket = f"http://127.0.0.1:{there.port}/ws/v1/missions/{mission.pk}/"
    file = f"http://127.0.0.1:{here.port}/api/v1/missions/{mission.pk}/files/notes.md"
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession() as client,
        client.ws_connect(socket, headers=headers(there)) as listening,
    ):
        await listening.receive()  # it is open, and says where the mission is
        body = {"text": "From here.\n", "base": None}
        async with client.put(file, json=body, headers=headers(here)) as answer:
            assert answer.status in {200, 201}, await answer.text()
        while True:
            frame: dict[str, Any] = json.loads((await listening.receive()).data)
            if frame["type"] == "file.changed" and frame["data"]["path"] == "notes.md":
                return frame


def runs_of(worker: Process) -> set[str]:
    """Return the runs of which a worker has written the end into its log."""
    return {
        match.group(1)
        for line in worker.said().splitlines()
        if "agents.run.finish done" in line or "agents.run.skip done" in line
        if (match := re.search(r"run\W+([0-9a-f-]{36})", line))
    }


def at_work(agent: Agent) -> AgentRun:
    """Wait until the model writes for an agent."""
    at_work = AgentRun.objects.filter(agent=agent, state="RUNNING", step=AgentRun.Step.WORK)
    wait_until(at_work.exists, 90)
    return at_work.get()


def test_several_of_everything(hosts: Hosts) -> None:
    owner = make_user(username="ada")
    names = ("web", "web", "default", "beat", "beat")
    ports = (free_port(), free_port(), 8000, 8000, 8000)
    here, there, default, *beats = (
        hosts.start(name, port=port) for name, port in zip(names, ports, strict=True)
    )
    first, second = (hosts.start("cycles") for _ in range(2))
    for process in (default, *beats, first, second):
        hosts.wait_for(process)
    assert silent(["cycles", "default", "beat"]) == []

    # Two workers share the runs of many missions; nobody does one twice.
    missions = [make(owner) for _ in range(4)]
    for mission in missions:
        StartMission(mission=mission, now=timezone.now()).execute()
    settled = Agent.objects.filter(state=Agent.State.SETTLED)
    wait_until(lambda: settled.count() == 24, 150)
    shares = runs_of(first), runs_of(second)
    assert all(shares), "both took part"
    assert not shares[0] & shares[1]
    assert not AgentRun.objects.exclude(state="FINISHED").exists()
    assert not AgentRun.objects.filter(outcome="failed").exists()
    for mission in missions:
        numbers = list(Event.objects.filter(mission=mission).order_by("seq").values_list("seq"))
        assert numbers == [(number,) for number in range(1, len(numbers) + 1)]
    assert all(process.process.poll() is None for process in hosts.processes)

    # What is saved at one web process reaches whoever looks on at the other.
    frame = asyncio.run(save_here_and_listen_there(missions[0], session_of(owner), here, there))
    assert frame["data"]["revision"] == 1

    # A worker that is told to stop hands back what it cannot finish; another one does it.
    for one in missions:
        StopMission(mission=one, now=timezone.now()).execute()
    assert (first.stop(), second.stop()) == (0, 0)
    mission = make(owner)
    agent = Agent.objects.select_related("mission").get(mission=mission, role="specifications")
    slow = hosts.worker(PARALLAGON_OFFLINE_PACE="1", PARALLAGON_STOP_SECONDS="1")
    StartAgent(agent=agent, now=timezone.now()).execute()
    run = at_work(agent)
    before = Revision.objects.filter(file__mission=mission).count()
    family = slow.family()

    assert slow.stop() == 0, slow.said()

    run.refresh_from_db()
    assert (run.state, run.outcome) == ("FINISHED", "cancelled"), run.reason
    again = AgentRun.objects.exclude(pk=run.pk).filter(agent=agent).latest("queued_at")
    assert again.state == "QUEUED"
    assert not Lease.objects.filter(released_at=None).exists()
    assert Revision.objects.filter(file__mission=mission).count() == before
    assert not any(map(is_there, family))
    other = hosts.worker()
    wait_until(AgentRun.objects.filter(pk=again.pk, state="FINISHED").exists, 90)
    again.refresh_from_db()
    assert again.outcome in {"changed", "unchanged"}, again.reason
    assert other.stop() == 0

    # The runs of a worker that was killed end, and their agents are at work again.
    doomed = hosts.worker(PARALLAGON_OFFLINE_PACE="1")
    agent = Agent.objects.select_related("mission").get(mission=mission, role="production")
    StartAgent(agent=agent, now=timezone.now()).execute()
    run = at_work(agent)
    doomed.process.kill()
    hosts.worker()
    wait_until(AgentRun.objects.filter(pk=run.pk, state="FINISHED").exists, 120)
    run.refresh_from_db()
    assert run.reason.startswith("worker lost")
    assert not Lease.objects.filter(run_id=run.pk, released_at=None).exists()
    later = AgentRun.objects.filter(agent=agent, queued_at__gt=run.finished_at, state="FINISHED")
    wait_until(later.exists, 90)
