import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer

from parallagon.core import hub as module
from parallagon.core.hub import JOINED, Ear, Hub, Message


@pytest.fixture(autouse=True)
def fresh_layer() -> None:
    channel_layers.backends.clear()


class Listener:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Message] = asyncio.Queue()

    def __call__(self, message: Message) -> None:
        if message["type"] != "joined":
            self.heard.put_nowait(message)

    async def next(self) -> Message:
        return await asyncio.wait_for(self.heard.get(), 5)


async def say(text: str, group: str = "group") -> None:
    await get_channel_layer().group_send(group, {"type": "frame", "text": text})


def subscriptions() -> int:
    return len(get_channel_layer().groups.get("group", ()))


@pytest.fixture
def broken_layer(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Break the layer; return what mends it."""

    async def refuse(*_args: Any) -> None:
        raise OSError("down")

    monkeypatch.setattr(get_channel_layer(), "new_channel", refuse)
    monkeypatch.setattr(Ear, "RETRY_SECONDS", 0.01)
    return monkeypatch.undo


class TestHub:
    async def test_subscribes_once_for_all_who_listen(self) -> None:
        hub, listeners = Hub(), [Listener() for _ in range(3)]
        for listener in listeners:
            assert await hub.join("group", listener)
        assert subscriptions() == 1

        await say("hello")

        heard = [await listener.next() for listener in listeners]
        assert [message["text"] for message in heard] == ["hello"] * 3
        assert heard[0] is heard[1]  # one message in memory, however many listen

    async def test_a_listener_that_left_hears_nothing_more(self) -> None:
        hub, stays, goes = Hub(), Listener(), Listener()
        await hub.join("group", stays)
        await hub.join("group", goes)
        await hub.leave("group", goes)

        await say("hello")

        await stays.next()
        assert goes.heard.empty()

    async def test_the_last_who_leaves_ends_the_subscription(self) -> None:
        hub, listener = Hub(), Listener()
        await hub.join("group", listener)

        await hub.leave("group", listener)
        await hub.leave("group", listener)

        assert (subscriptions(), hub.listeners("group")) == (0, 0)

    async def test_hears_again_what_the_layer_had_forgotten(self) -> None:
        hub, listener = Hub(), Listener()
        await hub.join("group", listener)
        get_channel_layer().groups.clear()

        await hub.renew("group")

        await say("hello")
        assert (await listener.next())["text"] == "hello"
        assert subscriptions() == 1

    async def test_says_that_messages_are_heard(self) -> None:
        hub = Hub()
        heard: list[Message] = []
        await hub.join("group", heard.append)

        assert heard == [JOINED]

    async def test_renews_once_however_many_ask(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hub, listener = Hub(), Listener()
        await hub.join("group", listener)
        made = 0

        class Counted(Ear):
            def __init__(self, *arguments: Any) -> None:
                nonlocal made
                made += 1
                super().__init__(*arguments)

        monkeypatch.setattr(module, "Ear", Counted)
        await asyncio.gather(*(hub.renew("group") for _ in range(100)))

        assert made == 1

    async def test_hears_once_a_layer_that_was_down_is_back(
        self, broken_layer: Callable[[], None]
    ) -> None:
        hub, listener = Hub(), Listener()
        assert not await hub.join("group", listener, within=0.05)

        broken_layer()  # mended
        assert await hub.join("group", listener)

        await say("hello")
        assert (await listener.next())["text"] == "hello"
