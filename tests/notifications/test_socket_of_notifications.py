"""The socket of a person: every change of their messages, whatever the layer loses."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser

from missions.models import Mission
from notifications.consumers import NotificationConsumer
from notifications.models import Notification
from notifications.services import MarkAllRead
from parallagon.accounts.models import User
from parallagon.core import live
from tests.events.conftest import connected
from tests.notifications.conftest import NOW, tell

ADDRESS = "/ws/v1/notifications/"
pytestmark = pytest.mark.django_db(transaction=True)
say = sync_to_async(tell)


@sync_to_async
def read_all(user: User) -> None:
    MarkAllRead(user=user, now=NOW).execute()


async def test_hello_then_what_is_told_and_read(mission: Mission, owner: User) -> None:
    await say(mission)

    async with connected(owner, ADDRESS) as one, connected(owner, ADDRESS) as other:
        assert (await one.frame())["data"] == {"seq": 1, "unread": 1}
        await other.frame()
        await say(mission, "budget.reached")
        for socket in (one, other):
            frame = await socket.frame()
            assert (frame["type"], frame["seq"]) == ("notification.created", 2)
            assert frame["data"]["unread"] == 2
            assert frame["data"]["notification"]["push"] is True
            assert frame["data"]["notification"]["is_shown"] is True
            assert frame["data"]["notification"]["title"] == "A budget of A guide is used up"

        await read_all(owner)

        frame = await one.frame()
        assert (frame["type"], frame["seq"]) == ("notification.read", 3)
        assert frame["data"]["unread"] == 0
        assert len(frame["data"]["ids"]) == 2


async def test_resumes_with_what_changed_as_it_is_now(mission: Mission, owner: User) -> None:
    for _ in range(3):
        await say(mission, dedupe_key="a")
    await say(mission, "budget.reached")

    async with connected(owner, f"{ADDRESS}?after=1") as socket:
        hello, settled, budget = await socket.frames(3)

        assert hello["type"] == "hello"
        assert (settled["seq"], settled["data"]["notification"]["count"]) == (3, 3)
        assert (budget["seq"], budget["data"]["notification"]["push"]) == (4, False)
        await socket.say(type="resume", after=3)
        assert (await socket.frame())["seq"] == 4


async def test_what_the_layer_loses_comes_with_the_heartbeat(
    mission: Mission, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NotificationConsumer, "heartbeat_seconds", 0.05)
    async with connected(owner, ADDRESS) as socket:
        await socket.frame()
        with monkeypatch.context() as deaf:
            deaf.setattr(live, "send", lambda *_args, **_options: None)
            await say(mission)

        frame: dict[str, Any] = {"type": "heartbeat"}
        while frame["type"] == "heartbeat":
            frame = await socket.frame()

        assert (frame["type"], frame["seq"]) == ("notification.created", 1)


async def test_too_much_or_from_the_future_means_fetch_again(
    mission: Mission, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.consumers.MOST_MISSED", 1)
    for _ in range(2):
        await say(mission)

    for after in (0, 99):
        async with connected(owner, f"{ADDRESS}?after={after}") as socket:
            assert [frame["type"] for frame in await socket.frames(2)] == ["hello", "resync"]


async def test_only_ones_own(mission: Mission, stranger: User) -> None:
    async with connected(stranger, ADDRESS) as socket:
        await socket.frame()
        await say(mission)

        assert await socket.is_quiet()
    assert await Notification.objects.acount() == 1


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?after="])
async def test_refuses_numbers_that_are_none(owner: User, query: str) -> None:
    async with connected(owner, f"{ADDRESS}{query}") as socket:
        assert await socket.close_code() == 4400


async def test_refuses_who_is_not_signed_in() -> None:
    async with connected(AnonymousUser(), ADDRESS) as socket:
        assert await socket.close_code() == 4401


async def test_closes_on_who_may_not_sign_in_any_more(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NotificationConsumer, "heartbeat_seconds", 0.05)
    async with connected(owner, ADDRESS) as socket:
        await socket.frame()
        await User.objects.filter(pk=owner.pk).aupdate(is_active=False)

        while (await socket.communicator.receive_output(timeout=5))["type"] != "websocket.close":
            pass
