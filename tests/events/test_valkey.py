"""The socket on a real server: emptied, killed and started again under a client's feet."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers, get_channel_layer

from missions.consumers import MissionConsumer
from missions.models import Mission
from parallagon.accounts.models import User
from tests.events.conftest import address, connected, publish_later
from tests.valkey import Valkey

pytestmark = pytest.mark.faults


@pytest.fixture
def valkey(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    monkeypatch.setattr(MissionConsumer, "heartbeat_seconds", 0.3)
    with tempfile.TemporaryDirectory() as folder:
        server = Valkey(Path(folder))
        server.start()
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [server.url]},
            }
        }
        channel_layers.backends.clear()
        yield server
        server.kill()


async def numbers(socket: Any, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        frame = await socket.frame()
        if frame["seq"] is not None:
            found.append(frame["seq"])
    return found


class TestOnAServer:
    async def test_frames_arrive(self, valkey: Valkey, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            assert (await socket.frame())["type"] == "hello"
            await publish_later(mission, 20)

            assert await numbers(socket, 20) == list(range(1, 21))
        await get_channel_layer().flush()

    async def test_frames_arrive_after_it_was_emptied(
        self, valkey: Valkey, owner: User, mission: Mission
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            assert (await socket.frame())["type"] == "hello"
            await sync_to_async(valkey.ask)("flushall")
            await publish_later(mission, 3)

            assert await numbers(socket, 3) == [1, 2, 3]
        await get_channel_layer().flush()

    async def test_nothing_is_lost_while_it_is_down(
        self, valkey: Valkey, owner: User, mission: Mission
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            assert (await socket.frame())["type"] == "hello"
            await sync_to_async(valkey.kill)()
            await publish_later(mission, 2)
            assert await numbers(socket, 2) == [1, 2]  # by the heartbeat

            await sync_to_async(valkey.start)()
            await publish_later(mission, 2)
            assert await numbers(socket, 2) == [3, 4]
        await get_channel_layer().flush()
