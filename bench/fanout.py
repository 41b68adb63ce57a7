"""One event to 1,000 sockets of one process: ``events.fanout``.

The same text to as many sockets in the same run: by stock Daphne and stock Channels with one group
member a socket (lists, the default of channels_redis, and publish/subscribe), and by a bare loop of
sends in our server. Sockets stand for 50 people. Figures are from the commit (or the message to the
group) to each client; the clients are one process more on the same machine.
"""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.figures import percentile
from bench.place import installation, make_mission
from bench.serving import serving, session_cookies
from bench.sockets import Crowd

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "1000"))
PEOPLE = 50
EVENTS = 30
Send = Callable[[int], Awaitable[float]]


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of a fan-out, and what a socket costs."""
    with installation():
        yield asyncio.run(figures())


async def figures() -> dict[str, Any]:
    ours, memory = await through_a_mission()
    bare = await through("bench.fanout_servers:bare", "pubsub")
    stock = {
        layer: await through("bench.fanout_servers:stock", layer, module="daphne")
        for layer in ("lists", "pubsub")
    }
    value = percentile(ours, 99)
    return {
        "name": "events.fanout",
        "value": round(value, 1),
        "median": round(statistics.median(ours), 1),
        "unit": "ms",
        "versus": "stock Daphne, Channels and RedisChannelLayer, one group member a socket",
        "versus_value": round(percentile(stock["lists"], 99), 1),
        "ratio": round(percentile(stock["lists"], 99) / value, 2),
        "versus_pubsub_layer": round(percentile(stock["pubsub"], 99), 1),
        "bare_loop": round(percentile(bare, 99), 1),
        "to_bare_loop": round(value / percentile(bare, 99), 2),
        "lost": SOCKETS * EVENTS - len(ours),
        "lost_by_stock": SOCKETS * EVENTS - len(stock["lists"]),
        "kilobytes_a_socket": round(memory / SOCKETS / 1024, 1),
        "sockets": SOCKETS,
        "events": EVENTS,
    }


async def through_a_mission() -> tuple[list[float], int]:
    """Return milliseconds to each socket, and the memory that the sockets take."""
    from asgiref.sync import sync_to_async

    mission, users = await sync_to_async(people)()

    async def send(number: int) -> float:
        return float(await sync_to_async(publish)(mission, number))

    with serving("parallagon.asgi:application") as (port, process):
        cookies = await sync_to_async(session_cookies)(users, port=port)
        before = process.memory_info().rss
        path = f"/ws/v1/missions/{mission.pk}/"
        async with crowd(port, path, cookies * (SOCKETS // PEOPLE)) as there:
            memory = process.memory_info().rss - before
            return await measured(there, send), memory


async def through(
    application: str, layer: str, *, module: str = "parallagon.server"
) -> list[float]:
    """Return milliseconds to each socket of what is compared with."""
    from channels.layers import get_channel_layer
    from django.conf import settings

    from bench.fanout_servers import GROUP, LAYERS

    is_bare = application.endswith("bare")
    sender = get_channel_layer() if is_bare else LAYERS[layer](hosts=[settings.REDIS_URL])

    async def send(number: int) -> float:
        message = {"type": "frame", "text": text_of(number), "seq": number}
        began = time.perf_counter()
        await sender.group_send(GROUP, message)
        return began

    with serving(application, module=module, BENCH_LAYER=layer) as (port, _process):
        async with crowd(port, "/", [""] * SOCKETS) as there:
            return await measured(there, send)


@asynccontextmanager
async def crowd(port: int, path: str, cookies: list[str]) -> AsyncIterator[Crowd]:
    there = Crowd()
    try:
        await there.connect(port, path, cookies, mark=b'"type":"hello"')
        yield there
    finally:
        there.close()


async def measured(there: Crowd, send: Send) -> list[float]:
    """Send events one after the other; what some client never gets is missing in the result."""
    found: list[float] = []
    for number in range(1, EVENTS + 1):
        there.expect(mark_of(number).encode())
        began = await send(number)
        try:
            times = await there.times(within=10)
        except TimeoutError:
            times = there.so_far()
        found += [(at - began) * 1000 for at in times]
        await asyncio.sleep(0.25)  # each event for itself: bursts leave together
    return found


def people() -> tuple[Any, list[Any]]:
    from missions.models import Membership
    from parallagon.accounts.models import User

    mission = make_mission()
    users = [User.objects.create_user(f"reader{number}") for number in range(PEOPLE)]
    Membership.objects.bulk_create(
        Membership(mission=mission, user=user, role=Membership.Role.VIEWER) for user in users
    )
    return mission, users


def publish(mission: Any, number: int) -> float:
    """Publish one event; return when it was committed."""
    from django.db import transaction
    from django.utils import timezone

    from missions import events

    committed: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.perf_counter()))
        data = {"path": f"bench-{number}.md", "revision": 1, "hash": "0" * 64, "author": {}}
        events.publish(mission.pk, "file.changed", data, at=timezone.now())
    return committed[0]


def mark_of(number: int) -> str:
    return f'"path":"bench-{number}.md"'


def text_of(number: int) -> str:
    """Return a frame of the size of a real one."""
    from datetime import UTC, datetime

    from parallagon.core import live

    data = {"path": f"bench-{number}.md", "revision": 1, "hash": "0" * 64, "author": {}}
    return live.encode("file.changed", data, at=datetime.now(UTC), seq=number)
