"""From a person's save to another person's screen, one subscriber: ``events.latency``.

Beside it: the polling feed in the same run, asked again as soon as it answers.
"""

import asyncio
import http.client
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import percentile
from bench.place import installation, make_mission, prose, save
from bench.serving import serving, session_cookies
from bench.sockets import Crowd

SAVES, FILES = 200, 20


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of the socket, with those of the feed."""
    with installation():
        mission = make_mission()
        with serving("parallagon.asgi:application") as (port, _process):
            [cookie] = session_cookies([mission.owner], port=port)
            socket = asyncio.run(by_socket(mission, port, cookie))
            feed = by_feed(mission, port, cookie)
    value, versus = percentile(socket, 99), percentile(feed, 99)
    yield {
        "name": "events.latency",
        "value": round(value, 1),
        "median": round(statistics.median(socket), 1),
        "unit": "ms",
        "versus": "the polling feed, waited for",
        "versus_value": round(versus, 1),
        "ratio": round(versus / value, 2),
        "saves": SAVES,
    }


async def by_socket(mission: Any, port: int, cookie: str) -> list[float]:
    """Return milliseconds from the beginning of each save to its frame."""
    from asgiref.sync import sync_to_async

    there = Crowd()
    path = f"/ws/v1/missions/{mission.pk}/?types=file.changed"
    await there.connect(port, path, [cookie], mark=b'"type":"hello"')
    found = []
    for number in range(SAVES):
        name = f"socket-{number % FILES}.md"
        there.expect(f'"path":"{name}"'.encode())
        began = time.perf_counter()
        await sync_to_async(write)(mission, name, number)
        found.append(((await there.times())[0] - began) * 1000)
    there.close()
    return found


def by_feed(mission: Any, port: int, cookie: str) -> list[float]:
    """Return the same for a client that polls."""
    import threading

    from missions.models import Mission

    after = Mission.objects.values_list("seq", flat=True).get(pk=mission.pk)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    found = []
    for number in range(SAVES // 4):
        name = f"feed-{number % FILES}.md"
        query = f"mission={mission.pk}&after={after}&wait=20&files={name}&types=file.changed"
        connection.request("GET", f"/api/v1/changes?{query}", headers={"Cookie": cookie})
        began: list[float] = []

        def later(path: str = name, count: int = number, at: list[float] = began) -> None:
            time.sleep(0.05)  # the feed waits by then
            at.append(time.perf_counter())
            write(mission, path, count)
            from django.db import connection as database

            database.close()

        writing = threading.Thread(target=later)
        writing.start()
        body = json.loads(connection.getresponse().read())
        found.append((time.perf_counter() - began[0]) * 1000)
        writing.join()
        after = body["seq"]
    return found


def write(mission: Any, path: str, number: int) -> None:
    base = number // FILES or None
    save(mission, path, prose(2000, seed=number), base=base)
