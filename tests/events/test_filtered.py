"""What a client asks for, and what it gets of bursts; the numbers stay honest."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.test import AsyncClient

from missions import events
from missions.consumers import MissionConsumer
from missions.models import Membership, Mission
from missions.services import ChangeRole
from parallagon.accounts.models import User
from tests.events.conftest import NOW, Frame, Socket, address, connected, publish_later


@sync_to_async
def publish_all(mission: Mission, *facts: tuple[str, dict[str, Any]]) -> None:
    """Publish events, one transaction each, faster than a burst's window."""
    for kind, data in facts:
        with transaction.atomic():
            events.publish(mission.pk, kind, data, at=NOW)  # type: ignore[arg-type]


def edit(revision: int, path: str = "a.md") -> tuple[str, dict[str, Any]]:
    return "file.changed", {"path": path, "revision": revision, "hash": "", "author": {}}


RUN: tuple[str, dict[str, Any]] = ("run.started", {"run": "r"})


def told(frames: list[Frame]) -> list[tuple[Any, Any]]:
    """Return the numbers that each frame stands for, first and last."""
    return [(frame.get("covers", frame["seq"]), frame["seq"]) for frame in frames]


async def frame_of(socket: Socket, kind: str) -> Frame:
    while (frame := await socket.frame())["type"] != kind:
        pass
    return frame


class TestFilter:
    async def test_of_types_in_the_address(self, owner: User, mission: Mission) -> None:
        await publish_all(mission, edit(1), RUN)
        query = "?after=0&types=run.started"
        async with connected(owner, address(mission, query)) as socket:
            await socket.frame()
            await publish_all(mission, edit(2, "b.md"), RUN)

            assert told(await socket.frames(2)) == [(1, 2), (3, 4)]

    async def test_of_files_by_message(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await socket.say(v=1, type="filter", files=["b.md"])
            chosen = await frame_of(socket, "filter")
            await publish_all(mission, edit(1), edit(1, "b.md"))

            assert chosen["data"] == {"types": None, "files": ["b.md"], "patches": False, "seq": 0}
            assert told(await socket.frames(1)) == [(1, 2)]

    @pytest.mark.parametrize("given", [{"types": ["x"]}, {"types": 7}, {"files": ["../x"]}])
    async def test_that_cannot_be_is_an_error(
        self, owner: User, mission: Mission, given: dict[str, Any]
    ) -> None:
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await socket.say(type="filter", **given)

            assert (await socket.frame())["data"] == {"code": "bad_filter"}

    async def test_that_cannot_be_in_the_address(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission, "?types=x")) as socket:
            assert await socket.close_code() == 4400

    async def test_of_live_frames(self, owner: User, mission: Mission) -> None:
        async with connected(owner, address(mission, "?types=run.started")) as socket:
            await socket.frame()
            live = sync_to_async(events.send_live)
            await live(mission.pk, "run.output", {"run": "r"}, at=NOW)
            await publish_all(mission, RUN)

            assert (await socket.frame())["type"] == "run.started"

    async def test_a_heartbeat_tells_what_was_left_out(
        self, owner: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await publish_all(mission, edit(1), edit(1, "b.md"))
        monkeypatch.setattr(MissionConsumer, "heartbeat_seconds", 0.05)
        async with connected(owner, address(mission, "?types=run.started&after=0")) as socket:
            await socket.frame()

            assert (await socket.frame())["data"] == {"seq": 2, "covers": 1}
            assert (await socket.frame())["data"] == {"seq": 2}

    async def test_of_the_feed(self, owner: User, mission: Mission) -> None:
        await publish_all(mission, edit(1), RUN, edit(1, "b.md"))
        client = AsyncClient()
        await sync_to_async(client.force_login)(owner)
        url = f"/api/v1/changes?mission={mission.pk}&after=0"

        by_type = (await client.get(f"{url}&types=run.started")).json()
        by_file = (await client.get(f"{url}&types=file.changed&files=b.md")).json()
        refused = await client.get(f"{url}&types=x")

        assert ([frame["seq"] for frame in by_type["results"]], by_type["seq"]) == ([2], 3)
        assert [frame["seq"] for frame in by_file["results"]] == [3]
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_filter")


class TestBursts:
    async def test_leave_as_one_with_the_last_state(
        self, owner: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("missions.onlookers.bursts.WINDOW", 1.5)
        edits = [(mission.pk, *edit(revision)) for revision in range(1, 21)]
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await publish_all(mission, RUN)
            # What is told from the database comes in full: from here on, it listens.
            assert (await socket.frame())["seq"] == 1
            await sync_to_async(events.publish_many)(edits, at=NOW)  # type: ignore[arg-type]

            frames = await socket.frames(1)
            while frames[-1]["seq"] < 21:
                frames += await socket.frames(1)
            assert len(frames) < 20
            begins = [2, *(last + 1 for _first, last in told(frames)[:-1])]
            assert [first for first, _last in told(frames)] == begins
            assert frames[-1]["data"]["revision"] == 20

    async def test_are_told_in_full_to_who_comes_later(self, owner: User, mission: Mission) -> None:
        await publish_all(mission, *(edit(revision) for revision in range(1, 6)))

        async with connected(owner, address(mission, "?after=0")) as socket:
            await socket.frame()
            assert await socket.numbers(5) == [1, 2, 3, 4, 5]


class TestTag:
    async def test_nothing_new_is_not_modified(self, owner: User, mission: Mission) -> None:
        await publish_later(mission, 2)
        client = AsyncClient()
        await sync_to_async(client.force_login)(owner)
        url = f"/api/v1/changes?mission={mission.pk}&after=2"
        first = await client.get(url)
        known = {"If-None-Match": first["ETag"]}

        same = await client.get(url, headers=known)
        waited = await client.get(f"{url}&wait=0.1", headers=known)
        await publish_later(mission)
        news = await client.get(url, headers=known)

        assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
        assert waited.status_code == 304
        assert (news.status_code, len(news.json()["results"])) == (200, 1)


class TestAccess:
    async def test_a_new_role_is_told(self, owner: User, stranger: User, mission: Mission) -> None:
        member = await Membership.objects.acreate(
            mission=mission, user=stranger, role=Membership.Role.EDITOR
        )
        async with connected(stranger, address(mission)) as socket:
            await socket.frame()
            change = ChangeRole(member=member, role=Membership.Role.VIEWER, now=NOW)
            await sync_to_async(change.execute)()

            assert (await frame_of(socket, "access"))["data"] == {"role": "viewer"}

    async def test_an_account_that_is_no_longer_active(
        self, owner: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(MissionConsumer, "heartbeat_seconds", 0.05)
        async with connected(owner, address(mission)) as socket:
            await socket.frame()
            await User.objects.filter(pk=owner.pk).aupdate(is_active=False)

            while (output := await socket.communicator.receive_output(timeout=5))["type"] != (
                "websocket.close"
            ):
                pass
            assert output["code"] == 4401
