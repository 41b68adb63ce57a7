"""What an installation costs while nobody wants anything: ``idle``.

Two real installations (``manage.py up``) run beside each other, so that both live through the same:
one without a mission at work, one with a thousand that have settled. Beside the difference stand
the calls, runs and processes that came about, which must be none.
"""

import multiprocessing
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

MISSIONS = 1000
SECONDS = 120.0
BAR = 1.2  # seconds of processor time beyond the empty installation's
READY = "Parallagon is ready: "
SECONDS_TO_START = 120
CALM = 0.2
"""Seconds of processor time in ten that an installation which has started up stays below."""
LONGEST_START = 300
ROOT = Path(__file__).parent.parent


def run(folder: Path, seconds: float = SECONDS) -> Iterator[dict[str, Any]]:
    """Yield the figures; measure for so many ``seconds``."""
    with ExitStack() as both:
        empty = both.enter_context(installation(folder / "empty", missions=0))
        full = both.enter_context(installation(folder / "full", missions=MISSIONS))
        for one in (empty, full):
            one.wait_until_calm()
        before = [one.look() for one in (empty, full)]
        threading.Event().wait(seconds)
        after = [one.look() for one in (empty, full)]
    spent, versus = (b.by_process(a) for b, a in zip(after[::-1], before[::-1], strict=True))
    value = sum(spent.values()) - sum(versus.values())
    came = {
        "runs": after[1].runs - before[1].runs,
        "calls": after[1].calls - before[1].calls,
        "forks": len(after[1].pids - before[1].pids),
    }
    if any(came.values()):
        raise AssertionError(f"an idle installation is at work: {came}")
    yield {
        "name": "idle",
        "value": round(value, 2),
        "unit": "s CPU",
        "versus": "empty installation",
        "versus_value": round(sum(versus.values()), 2),
        "bar": BAR,
        "missions": MISSIONS,
        "seconds": seconds,
        **came,
        "by_process": {name: round(spent[name] - versus.get(name, 0), 2) for name in spent},
        "database": "sqlite",
    }


@dataclass(frozen=True, kw_only=True)
class Look:
    """What an installation has used and done so far."""

    cpu: dict[str, float]
    pids: frozenset[int]
    runs: int
    calls: int

    def by_process(self, before: "Look") -> dict[str, float]:
        """Return the processor time since then."""
        return {name: used - before.cpu.get(name, 0) for name, used in self.cpu.items()}


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A running one."""

    process: psutil.Process
    database: Path

    def look(self) -> Look:
        cpu: dict[str, float] = {}
        family = [self.process, *self.process.children(recursive=True)]
        for one in family:
            times = one.cpu_times()
            # What a child used that has ended is in its parent's.
            used = times.user + times.system + times.children_user + times.children_system
            name = name_of(one)
            cpu[name] = cpu.get(name, 0.0) + used
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            [[runs]] = database.execute("select count(*) from agents_agentrun")
            [[calls]] = database.execute("select count(*) from agents_modelcall")
        database.close()
        return Look(cpu=cpu, pids=frozenset(one.pid for one in family), runs=runs, calls=calls)

    def wait_until_calm(self) -> None:
        """Let what belongs to the start come to its end."""
        deadline = time.monotonic() + LONGEST_START
        before = self.look()
        while time.monotonic() < deadline:
            threading.Event().wait(10)
            now = self.look()
            if max(now.by_process(before).values()) < CALM and now.pids == before.pids:
                return
            before = now
        raise AssertionError(f"it does not come to rest: {now.by_process(before)}")


def name_of(process: psutil.Process) -> str:
    """Return which process of an installation it is."""
    line = process.cmdline()
    known = {
        "daphne": "web", "cycles": "cycles", "default": "default", "beat": "beat",
        "watch": "watch", "agents.gateway": "gateway", "-c": "engine", "up": "supervisor",
    }  # fmt: skip
    if line and "valkey" in line[0]:
        return "valkey"
    for part in line:
        for word, name in known.items():
            if part == word or part.startswith(f"{word}."):
                return name
    return Path(line[0]).name if line else "ended"


@contextmanager
def installation(folder: Path, *, missions: int) -> Iterator[Installation]:
    """Run one whose missions have all settled, until it is not needed any more."""
    filling = multiprocessing.get_context("spawn").Process(target=fill, args=(folder, missions))
    filling.start()
    filling.join()
    if filling.exitcode:
        raise AssertionError("the missions could not be made")
    environment = {
        **os.environ,
        "PARALLAGON_DATA_DIR": str(folder),
        "PORT": str(free_port()),
        "LOG_LEVEL": "INFO",  # as shipped
    }
    with subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            wait_until_ready(process)
            yield Installation(process=psutil.Process(process.pid), database=folder / "db.sqlite3")
        finally:
            process.terminate()


def wait_until_ready(process: "subprocess.Popen[str]") -> None:
    """Read what it says up to its last line; go on reading, so that it can always speak."""
    assert process.stdout is not None
    output, ready = process.stdout, threading.Event()
    said: list[str] = []

    def listen() -> None:
        for line in output:
            said.append(line)
            if line.startswith(READY):
                ready.set()

    threading.Thread(target=listen, daemon=True).start()
    if not ready.wait(SECONDS_TO_START):
        raise AssertionError("it did not come up: " + "".join(said))


def fill(folder: Path, count: int) -> None:
    """Make so many settled missions, and one that was put away: it keeps the demo from starting."""
    os.environ["PARALLAGON_DATA_DIR"] = str(folder)
    os.environ["LOG_LEVEL"] = "ERROR"  # nobody takes the frames that are sent
    from bench.place import make_missions, set_up

    set_up()
    from agents.models import Agent
    from missions.models import Mission

    away, *_ = make_missions(1 + count, model="offline/writer")
    Mission.objects.filter(pk=away.pk).update(state=Mission.State.ARCHIVED)
    agents = Agent.objects.exclude(mission=away)
    agents.update(state=Agent.State.SETTLED, next_run_at=None)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
