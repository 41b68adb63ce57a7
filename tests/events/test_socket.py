import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from missions import events, selectors
from missions.consumers import MissionConsumer
from missions.models import Event, Membership, Mission
from missions.services import DeleteMission, RemoveMember
from parallagon.accounts.models import User
from parallagon.asgi import application
from tests.events.conftest import NOW, address, connected, publish, publish_later
from tests.sockets import SocketClient


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MissionConsumer, "heartbeat_seconds", 0.05)


async def delete_before(mission: Mission, seq: int) -> None:
    await Event.objects.filter(mission=mission, seq__lt=seq).adelete()


class TestConnect:
    async def test_says_where_the_mission_stands(self, owner: User, mission: Mission) -> None:
        await publish_later(mission, 3)

        async with connected(owner, address(mission)) as socket:
            hello = await socket.frame()

            assert (hello["v"], hello["type"], hello["seq"]) == (1, "hello", None)
            assert hello["data"] == {"seq": 3, "oldest": 1}
            assert await socket.is_quiet()

    async def test_to_a_mission_without_events(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission, "?after=0")) as socket:
            assert (await socket.frame())["data"] == {"seq": 0, "oldest": 1}
            assert await socket.is_quiet()

    async def test_sends_what_was_missed_in_order(self, owner: User, mission: Mission) -> None:
        await publish_later(mission, 5)

        async with connected(owner, address(mission, "?after=2")) as socket:
            hello, *missed = await socket.frames(4)

            assert hello["type"] == "hello"
            assert [frame["seq"] for frame in missed] == [3, 4, 5]
            assert missed[0]["type"] == "file.removed"
            assert missed[0]["data"] == {"path": "a.md"}
            assert missed[0]["at"] == "2026-11-23T10:00:00Z"

    @pytest.mark.parametrize("after", ["-1", "x", "", "1.5", "9" * 30, "1e3", "٣"])
    async def test_refuses_what_is_no_number(
        self, owner: User, mission: Mission, after: str
    ) -> None:
        async with connected(owner, address(mission, f"?after={after}")) as socket:
            assert await socket.close_code() == 4400

    async def test_refuses_who_is_not_signed_in(self, mission: Mission) -> None:
        async with connected(AnonymousUser(), address(mission)) as socket:
            assert await socket.close_code() == 4401

    async def test_knows_nothing_for_a_stranger(self, stranger: User, mission: Mission) -> None:
        async with connected(stranger, address(mission)) as socket:
            assert await socket.close_code() == 4404

    @pytest.mark.parametrize("number", [7, 10**30])
    async def test_to_a_mission_that_never_was(self, owner: User, number: int) -> None:
        async with connected(owner, f"/ws/v1/missions/{number}/") as socket:
            assert await socket.close_code() == 4404

    @pytest.mark.usefixtures("hurried")
    async def test_is_closed_when_the_membership_ends(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await Membership.objects.filter(mission=mission).adelete()

            while (output := await socket.communicator.receive_output(timeout=5))["type"] != (
                "websocket.close"
            ):
                pass
            assert output["code"] == 4403

    async def test_is_closed_at_once_when_the_mission_is_deleted(
        self, owner: User, mission: Mission
    ) -> None:
        """No heartbeat is waited for: the next one is 15 s away."""
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            delete = DeleteMission(mission=mission, user=owner, now=NOW)
            await sync_to_async(delete.execute)()

            changed = await socket.frame()
            assert (changed["type"], changed["data"]["state"]) == ("mission.changed", "DELETED")
            assert await socket.close_code() == 4403

    async def test_is_closed_at_once_for_whoever_is_removed(
        self, owner: User, stranger: User, mission: Mission
    ) -> None:
        create = Membership.objects.acreate
        guest = await create(mission=mission, user=stranger, role=Membership.Role.VIEWER)
        async with (
            connected(owner, address(mission)) as stays,
            connected(stranger, address(mission)) as goes,
        ):
            await stays.frame()
            await goes.frame()
            await sync_to_async(RemoveMember(member=guest, now=NOW).execute)()

            assert (await goes.frame())["type"] == "mission.changed"
            assert await goes.close_code() == 4403
            assert (await stays.frame())["type"] == "mission.changed"
            assert await stays.is_quiet()


class TestResync:
    async def test_when_it_is_too_much(
        self, owner: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("missions.selectors.events.MOST_EVENTS", 3)
        await publish_later(mission, 5)

        async with connected(owner, address(mission, "?after=1")) as socket:
            _hello, resync = await socket.frames(2)
            assert (resync["type"], resync["data"]) == ("resync", {"seq": 5})

            await publish_later(mission)
            assert await socket.numbers(1) == [6]

    async def test_when_it_is_no_longer_kept(self, owner: User, mission: Mission) -> None:
        await publish_later(mission, 5)
        await delete_before(mission, 4)

        async with connected(owner, address(mission, "?after=2")) as socket:
            hello, resync = await socket.frames(2)

            assert hello["data"] == {"seq": 5, "oldest": 4}
            assert (resync["type"], resync["data"]) == ("resync", {"seq": 5})

    async def test_not_while_all_that_is_missing_is_kept(
        self, owner: User, mission: Mission
    ) -> None:
        await publish_later(mission, 5)
        await delete_before(mission, 4)

        async with connected(owner, address(mission, "?after=3")) as socket:
            await socket.frame()
            assert await socket.numbers(2) == [4, 5]

    async def test_when_nothing_is_kept(self, owner: User, mission: Mission) -> None:
        await publish_later(mission, 5)
        await delete_before(mission, 9)

        async with connected(owner, address(mission, "?after=4")) as socket:
            hello, resync = await socket.frames(2)
            assert hello["data"] == {"seq": 5, "oldest": 6}
            assert resync["type"] == "resync"

    async def test_when_the_client_is_ahead(self, owner: User, mission: Mission) -> None:
        """The database was restored from a copy: numbers begin again."""
        await publish_later(mission, 2)

        async with connected(owner, address(mission, "?after=9")) as socket:
            _hello, resync = await socket.frames(2)
            assert (resync["type"], resync["data"]) == ("resync", {"seq": 2})

            await publish_later(mission)
            assert await socket.numbers(1) == [3]


class TestLiveFrames:
    async def test_arrive_in_order(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await publish_later(mission, 20)

            assert await socket.numbers(20) == list(range(1, 21))

    async def test_wait_for_the_commit(self, owner: User, mission: Mission) -> None:
        from django.db import transaction

        def undo() -> None:
            with transaction.atomic():
                events.publish(mission.pk, "file.removed", {"path": "a.md"}, at=NOW)
                transaction.set_rollback(True)

        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await sync_to_async(undo)()

            assert await socket.is_quiet()
            await publish_later(mission)
            assert await socket.numbers(1) == [1]

    async def test_that_come_twice_are_sent_once(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await publish_later(mission, 2)
            await socket.numbers(2)

            event = await Event.objects.aget(mission=mission, seq=2)
            await sync_to_async(events.send)(event)

            assert await socket.is_quiet()

    async def test_that_were_lost_are_fetched(
        self, owner: User, mission: Mission, deaf_layer: Callable[[], None]
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            deaf_layer()
            await publish_later(mission, 3)
            deaf_layer()
            await publish_later(mission)

            assert await socket.numbers(4) == [1, 2, 3, 4]
            assert await socket.is_quiet()

    async def test_that_come_in_the_wrong_order(
        self, owner: User, mission: Mission, deaf_layer: Callable[[], None]
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            deaf_layer()
            await publish_later(mission, 3)
            deaf_layer()
            for seq in (2, 1, 3):
                event = await Event.objects.aget(mission=mission, seq=seq)
                await sync_to_async(events.send)(event)

            assert await socket.numbers(3) == [1, 2, 3]
            assert await socket.is_quiet()

    async def test_without_a_number_are_passed_on(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            output = {"run": "r", "stream": "log", "offset": 0, "text": "Hello"}
            await sync_to_async(events.send_live)(mission.pk, "run.output", output, at=NOW)

            frame = await socket.frame()
            assert (frame["type"], frame["seq"], frame["data"]) == ("run.output", None, output)

    async def test_of_other_missions_do_not_arrive(
        self, owner: User, mission: Mission, stranger: User
    ) -> None:
        other = await Mission.objects.acreate(owner=stranger, title="Other", model="m")
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await publish_later(other)

            assert await socket.is_quiet()

    async def test_that_arrive_during_the_welcome_wait_their_turn(
        self, owner: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await publish_later(mission, 2)
        read = selectors.missed_events

        def slow(**options: Any) -> selectors.Missed:
            missed = read(**options)
            publish(mission, 3)  # committed and sent before what was read is sent
            monkeypatch.setattr(selectors, "missed_events", read)
            return missed

        monkeypatch.setattr(selectors, "missed_events", slow)
        async with connected(owner, address(mission, "?after=0")) as socket:
            assert (await socket.frame())["type"] == "hello"
            assert await socket.numbers(5) == [1, 2, 3, 4, 5]
            assert await socket.is_quiet()


@pytest.mark.usefixtures("hurried")
class TestHeartbeat:
    async def test_tells_the_last_number(self, owner: User, mission: Mission) -> None:
        await publish_later(mission, 2)
        async with connected(owner, address(mission)) as socket:
            _hello, beat = await socket.frames(2)

            assert (beat["type"], beat["seq"], beat["data"]) == ("heartbeat", None, {"seq": 2})

    async def test_brings_what_the_layer_lost(
        self, owner: User, mission: Mission, deaf_layer: Callable[[], None]
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            deaf_layer()
            await publish_later(mission, 2)

            frames = [frame for frame in await socket.frames(8) if frame["type"] != "heartbeat"]
            assert [frame["seq"] for frame in frames] == [1, 2]

    async def test_joins_again_a_group_that_was_forgotten(
        self, owner: User, mission: Mission
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            get_channel_layer().groups.clear()
            await publish_later(mission)
            while (await socket.frame())["seq"] != 1:
                pass
            await socket.frames(2)  # the beat that noticed, and the next one

            assert get_channel_layer().groups[events.group(mission.pk)]

    async def test_joins_again_now_and_then(
        self, owner: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(MissionConsumer, "rejoin_seconds", 0.0)
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            get_channel_layer().groups.clear()
            await socket.frames(2)

            assert get_channel_layer().groups[events.group(mission.pk)]

    async def test_survives_a_database_that_fails(
        self, owner: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = selectors.standing
        failures = iter([True, True])

        def fail_twice(**options: Any) -> selectors.Standing | None:
            if next(failures, False):
                raise OSError("gone for a moment")
            return real(**options)

        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            monkeypatch.setattr(selectors, "standing", fail_twice)

            assert (await socket.frame())["type"] == "heartbeat"


class TestMessages:
    async def test_ping(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await socket.say(v=1, type="ping")

            assert (await socket.frame())["type"] == "pong"

    async def test_resume(self, owner: User, mission: Mission) -> None:
        await publish_later(mission, 4)
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await socket.say(v=1, type="resume", after=1)

            assert await socket.numbers(3) == [2, 3, 4]
            await publish_later(mission)
            assert await socket.numbers(1) == [5]

    @pytest.mark.parametrize("after", [None, -1, "x", 1.5, True, [], 2**63])
    async def test_resume_from_what_is_no_number(
        self, owner: User, mission: Mission, after: Any
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await socket.say(type="resume", after=after)

            error = await socket.frame()
            assert (error["type"], error["data"]) == ("error", {"code": "bad_after"})

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (" ", "malformed"),
            ("{", "malformed"),
            ("[]", "malformed"),
            ("7", "malformed"),
            ("[" * 4000, "malformed"),
            ('{"type": "ping", "x": "' + "x" * 5000 + '"}', "malformed"),
            ("{}", "unknown_type"),
            ('{"type": null}', "unknown_type"),
            ('{"type": ["ping"]}', "unknown_type"),
            ('{"type": "frame", "text": "x", "seq": 1}', "unknown_type"),
            ('{"type": "disconnect"}', "unknown_type"),
        ],
    )
    async def test_anything_else_is_an_error(
        self, owner: User, mission: Mission, text: str, code: str
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await socket.communicator.send_to(text_data=text)

            error = await socket.frame()
            assert (error["type"], error["data"]) == ("error", {"code": code})
            await socket.say(type="ping")
            assert (await socket.frame())["type"] == "pong"

    async def test_bytes_are_an_error(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await socket.communicator.send_to(bytes_data=b"\xff\x00")

            assert (await socket.frame())["data"] == {"code": "malformed"}

    async def test_too_many_are_not_served(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            for _ in range(40):
                await socket.say(type="ping")

            answers = [frame["type"] for frame in await socket.frames(40)]
            assert answers[:20] == ["pong"] * 20
            assert answers.count("error") >= 10


class TestDoor:
    """The whole application: cookies and the origin."""

    def communicator(self, mission: Mission, user: User, origin: bytes) -> SocketClient:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        headers = [
            (b"host", b"127.0.0.1:8000"),
            (b"origin", origin),
            (b"cookie", f"{django_settings.SESSION_COOKIE_NAME}={cookie}".encode()),
        ]
        return SocketClient(application, address(mission), headers=headers)

    async def test_knows_the_session(self, owner: User, mission: Mission) -> None:
        socket = await sync_to_async(self.communicator)(mission, owner, b"http://127.0.0.1:8000")

        assert (await socket.connect(timeout=5))[0]
        assert json.loads(await socket.receive_from())["type"] == "hello"
        await socket.disconnect()

    async def test_refuses_another_site(self, owner: User, mission: Mission) -> None:
        socket = await sync_to_async(self.communicator)(mission, owner, b"http://evil.example")

        assert not (await socket.connect(timeout=5))[0]
