"""A mission, its people, and a socket to it on the layer that lives in memory."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from channels.routing import URLRouter
from django.db import connection, transaction

from missions import events
from missions.models import Membership, Mission
from parallagon.accounts.models import User
from parallagon.core import live
from parallagon.routing import websockets
from tests.factories import make_user
from tests.sockets import SocketClient

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
Frame = dict[str, Any]


@pytest.fixture(autouse=True)
def private_data(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def fresh_layer() -> Iterator[None]:
    """Give each test, and its event loop, a layer of its own."""
    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()


@pytest.fixture
def owner(transactional_db: None) -> User:
    return make_user(username="owner")


@pytest.fixture
def stranger(transactional_db: None) -> User:
    return make_user(username="stranger")


@pytest.fixture
def mission(owner: User) -> Mission:
    """Return a mission without files: its events are what a test publishes."""
    mission = Mission.objects.create(owner=owner, title="A mission", model="offline/writer")
    Membership.objects.create(mission=mission, user=owner, role=Membership.Role.OWNER)
    return mission


def publish(mission: Mission, count: int = 1) -> None:
    """Publish events, one transaction each, as changes do."""
    for _ in range(count):
        with transaction.atomic():
            events.publish(mission.pk, "file.removed", {"path": "a.md"}, at=NOW)


publish_later = sync_to_async(publish)


async def publish_elsewhere(mission: Mission) -> None:
    """Publish as another process would, while a request keeps this thread."""

    def once() -> None:
        try:
            publish(mission)
        finally:
            connection.close()

    await sync_to_async(once, thread_sensitive=False)()


@pytest.fixture
def deaf_layer(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes the layer lose frames, and deliver again when called once more."""
    deliver = live.send
    is_deaf = False

    def send(group: str, text: str, *, seq: int | None = None) -> None:
        if not is_deaf:
            deliver(group, text, seq=seq)

    def switch() -> None:
        nonlocal is_deaf
        is_deaf = not is_deaf

    monkeypatch.setattr(live, "send", send)
    return switch


class Socket:
    """A client's side of the socket."""

    def __init__(self, communicator: SocketClient) -> None:
        self.communicator = communicator

    async def frame(self) -> Frame:
        return dict(json.loads(await self.communicator.receive_from(timeout=5)))

    async def frames(self, count: int) -> list[Frame]:
        return [await self.frame() for _ in range(count)]

    async def numbers(self, count: int) -> list[int | None]:
        return [frame["seq"] for frame in await self.frames(count)]

    async def say(self, **message: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(message))

    async def is_quiet(self) -> bool:
        return bool(await self.communicator.receive_nothing(timeout=0.1, interval=0.02))

    async def close_code(self) -> int:
        output = await self.communicator.receive_output(timeout=5)
        assert output["type"] == "websocket.close", output
        return int(output["code"])


@asynccontextmanager
async def connected(user: Any, path: str) -> AsyncIterator[Socket]:
    """Open a socket; it is accepted always, and perhaps closed at once."""
    communicator = SocketClient(URLRouter(websockets), path)
    communicator.scope["user"] = user
    is_accepted, _ = await communicator.connect(timeout=5)
    assert is_accepted
    try:
        yield Socket(communicator)
    finally:
        await communicator.disconnect()


def address(mission: Mission, query: str = "") -> str:
    return f"/ws/v1/missions/{mission.pk}/{query}"
