"""What `fanout.py` compares with: one group member a socket, and a bare loop of sends."""

import contextlib
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parallagon.settings.local")
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402 - needs the apps
from channels_redis.core import RedisChannelLayer  # noqa: E402
from channels_redis.pubsub import RedisPubSubChannelLayer  # noqa: E402
from django.conf import settings  # noqa: E402

from parallagon.core.hub import Message, hub  # noqa: E402

GROUP = "bench"
HELLO = '{"type":"hello"}'
LAYERS = {"lists": RedisChannelLayer, "pubsub": RedisPubSubChannelLayer}
layer = LAYERS[os.environ.get("BENCH_LAYER", "lists")](hosts=[settings.REDIS_URL])


class Stock(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """As the documentation of Channels shows it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from channels import consumer

        consumer.get_channel_layer = lambda _alias: layer
        await super().__call__(scope, receive, send)

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        await self.send(HELLO)

    async def disconnect(self, _code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def frame(self, message: Message) -> None:
        await self.send(message["text"])


stock = Stock.as_asgi()
_sends: dict[Any, None] = {}
_loops: list[Any] = []


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Send what the group is sent to every socket, in one loop, and nothing else."""
    import asyncio

    if not _loops:
        waiting: asyncio.Queue[Message] = asyncio.Queue()
        _loops.append(asyncio.create_task(_send_all(waiting)))
        await hub().join(GROUP, waiting.put_nowait)
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": HELLO})
    _sends[send] = None
    with contextlib.suppress(KeyError):
        while (await receive())["type"] != "websocket.disconnect":
            pass
        del _sends[send]


async def _send_all(waiting: Any) -> None:
    while True:
        message = await waiting.get()
        if message["type"] != "frame":
            continue
        for send in tuple(_sends):
            await send({"type": "websocket.send", "text": message["text"]})
