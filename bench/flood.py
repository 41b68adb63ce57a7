"""What a flood of one person costs everybody else: ``limits.flood`` and ``limits.refusal``.

A real server (`parallagon.server`, the database and Valkey of an installation, limits as shipped)
answers some people who read their missions now and then. Their p99 is taken while all is quiet,
and while another person asks a thousand times a second at the same route, from the same address.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from typing import Any

import psutil

from bench.figures import percentile
from bench.flooding import Caller, Seen, crowd
from bench.place import installation
from bench.serving import wait_for

SECONDS = 10.0
A_SECOND = 1000
CONNECTIONS = 40
EACH = CONNECTIONS / A_SECOND
PEOPLE = 10
PAUSE = 0.5
"""Seconds between a person's requests: together they ask twenty times a second."""
BAR = 2.0
ROUTE = "/api/v1/missions/"
ROOT = Path(__file__).parent.parent


def run(_folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures."""
    with installation():
        keys = _make_keys(PEOPLE + 1)
        with _server() as (process, port):
            people = [_caller(port, key, pause=PAUSE) for key in keys[1:]]
            asyncio.run(crowd(people, Seen(), seconds=2))  # connections and caches are there
            quiet, others, flood = Seen(), Seen(), Seen()
            asyncio.run(crowd(people, quiet, seconds=SECONDS))
            spent = _spent(process)
            asyncio.run(_flooded(people, others, _caller(port, keys[0], pause=EACH), flood))
            spent = _spent(process) - spent
            refusal = _refusal(process, _caller(port, keys[0], pause=0))
    if set(quiet.statuses) | set(others.statuses) != {200}:
        raise AssertionError(f"others were refused: {quiet.statuses} {others.statuses}")
    before, meanwhile = percentile(quiet.taken, 99), percentile(others.taken, 99)
    yield {
        "name": "limits.flood",
        "value": round(meanwhile / before, 2),
        "unit": "× p99 of the others when quiet",
        "versus": "quiet, ms",
        "versus_value": round(before, 1),
        "bar": BAR,
        "is_met": meanwhile <= BAR * before,
        "flood_ms": round(meanwhile, 1),
        "sent": sum(flood.statuses.values()),
        "answered": flood.statuses[200],
        "refused": flood.statuses[429],
        "processor_seconds": round(spent, 2),
    }
    yield {"name": "limits.refusal", "value": round(refusal), "unit": "µs CPU a refused request"}


def _make_keys(count: int) -> list[str]:
    """Return a key for each of so many people who own a mission."""
    from django.utils import timezone

    from missions.services import CreateMission
    from parallagon.accounts.models import ApiKey, User
    from parallagon.accounts.services.keys import CreateKey

    keys = []
    for number in range(count):
        person = User.objects.create_user(f"person{number}")
        CreateMission(
            owner=person,
            title="Bench",
            request="# Bench\n",
            language="en",
            model="offline/writer",
            now=timezone.now(),
        ).execute()
        made = CreateKey(
            user=person, name="bench", scopes=(ApiKey.Scope.READ.value,), now=timezone.now()
        ).execute()
        keys.append(made.secret)
    return keys


def _caller(port: int, key: str, *, pause: float) -> Caller:
    return Caller(port=port, key=key, route=ROUTE, pause=pause)


async def _flooded(people: list[Caller], others: Seen, flooder: Caller, flood: Seen) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd(people, others, seconds=SECONDS))
        group.create_task(crowd([flooder] * CONNECTIONS, flood, seconds=SECONDS))


def _refusal(process: psutil.Process, flooder: Caller) -> float:
    """Return the microseconds of processor time that one refused request costs the server."""
    seen, before = Seen(), _spent(process)
    asyncio.run(crowd([flooder], seen, seconds=2))
    spent = _spent(process) - before
    return 1_000_000 * spent / seen.statuses[429]


def _spent(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


@contextmanager
def _server() -> Iterator[tuple[psutil.Process, int]]:
    """Run the server of the installation; return it and its port."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "parallagon.server", "--verbosity", "0", "--port", str(port))
    environment = {**os.environ, "LOG_FILE": str(Path(os.environ["PARALLAGON_DATA_DIR"]) / "log")}
    with subprocess.Popen(
        [*command, "parallagon.asgi:application"], cwd=ROOT, env=environment
    ) as process:
        try:
            wait_for(port)
            yield psutil.Process(process.pid), port
        finally:
            process.kill()
