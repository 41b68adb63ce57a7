import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.contrib.auth.models import AnonymousUser
from prometheus_client import REGISTRY

from parallagon.accounts.models import User
from parallagon.core import live
from parallagon.core.consumers import BaseConsumer, NowhereConsumer
from tests.sockets import SocketClient

# A consumer tidies its thread's connections up when it ends.
pytestmark = pytest.mark.django_db


class Echo(BaseConsumer):
    """The least that a consumer is."""

    refusal: int | None = None

    async def authorize(self) -> int | None:
        return self.refusal

    def group(self) -> str:
        return "echo"

    async def welcome(self) -> None:
        await self.send_frame("hello", {})


class Closed(Echo):
    refusal = 4403


@pytest.fixture(autouse=True)
def fresh_layer() -> None:
    channel_layers.backends.clear()


def open_socket(consumer: type[BaseConsumer], user: Any) -> SocketClient:
    socket = SocketClient(consumer.as_asgi(), "/")
    socket.scope["user"] = user
    return socket


class TestBaseConsumer:
    async def test_accepts_before_it_refuses(self) -> None:
        """A browser is told a close code only after the handshake."""
        socket = open_socket(Closed, User(pk=1))

        assert (await socket.connect())[0]
        assert await socket.receive_output() == {
            "type": "websocket.close",
            "code": 4403,
        }
        await socket.disconnect()

    async def test_takes_the_time_from_a_commit_to_the_socket(self) -> None:
        name = "parallagon_broadcast_seconds_count"
        before = REGISTRY.get_sample_value(name) or 0
        socket = open_socket(Echo, User(pk=1))
        await socket.connect()
        await socket.receive_output()

        await sync_to_async(live.send)("echo", "text")

        assert (await socket.receive_output())["text"] == "text"
        assert REGISTRY.get_sample_value(name) == before + 1
        assert REGISTRY.get_sample_value("parallagon_sockets") == 1
        await socket.disconnect()
        assert REGISTRY.get_sample_value("parallagon_sockets") == 0

    async def test_refuses_who_is_not_signed_in(self) -> None:
        for user in (None, AnonymousUser()):
            socket = open_socket(Echo, user)
            await socket.connect()

            assert (await socket.receive_output())["code"] == 4401
            await socket.disconnect()

    async def test_says_nothing_after_it_refused(self) -> None:
        socket = open_socket(Closed, User(pk=1))
        await socket.connect()
        await socket.receive_output()
        await socket.send_to(text_data='{"type": "ping"}')

        assert await socket.receive_nothing()
        await socket.disconnect()

    async def test_beats(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Echo, "heartbeat_seconds", 0.01)
        socket = open_socket(Echo, User(pk=1))
        await socket.connect()

        frames = [json.loads(await socket.receive_from()) for _ in range(3)]

        assert [frame["type"] for frame in frames] == ["hello", "heartbeat", "heartbeat"]
        assert {frame["v"] for frame in frames} == {1}
        await socket.disconnect()

    async def test_leaves_its_group(self) -> None:
        socket = open_socket(Echo, User(pk=1))
        await socket.connect()
        await socket.receive_from()
        layer = channel_layers["default"]
        assert layer.groups["echo"]

        await socket.disconnect()

        assert "echo" not in layer.groups


class TestNowhere:
    async def test_answers_with_a_close_code(self) -> None:
        socket = SocketClient(NowhereConsumer.as_asgi(), "/ws/v1/nothing/")

        assert (await socket.connect())[0]
        assert await socket.receive_output() == {"type": "websocket.close", "code": 4404}
