"""The feed for those who poll."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.test import AsyncClient
from rest_framework_simplejwt.tokens import AccessToken

from missions import selectors
from missions.api import changes as feed
from missions.models import Event, Mission
from missions.retention import KEPT_A_MISSION, prune_events
from parallagon.accounts.models import User
from tests.events.conftest import NOW, publish, publish_elsewhere, publish_later


@pytest.fixture
def client(owner: User) -> AsyncClient:
    client = AsyncClient()
    client.force_login(owner)
    return client


async def ask(client: AsyncClient, mission: Mission, after: int, wait: float = 0) -> Any:
    response = await client.get(f"/api/v1/changes?mission={mission.pk}&after={after}&wait={wait}")
    assert response.status_code == 200, response.content
    return response.json()


class TestRead:
    async def test_gives_what_follows(self, client: AsyncClient, mission: Mission) -> None:
        await publish_later(mission, 3)

        body = await ask(client, mission, 1)

        assert [frame["seq"] for frame in body["results"]] == [2, 3]
        assert body["results"][0] == {
            "v": 1,
            "type": "file.removed",
            "seq": 2,
            "at": "2026-11-23T10:00:00Z",
            "data": {"path": "a.md"},
        }
        assert (body["seq"], body["oldest"], body["must_resync"]) == (3, 1, False)

    async def test_nothing_new(self, client: AsyncClient, mission: Mission) -> None:
        await publish_later(mission, 3)

        assert (await ask(client, mission, 3))["results"] == []

    async def test_too_much(
        self, client: AsyncClient, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("missions.selectors.events.MOST_EVENTS", 2)
        await publish_later(mission, 4)

        body = await ask(client, mission, 0)

        assert (body["results"], body["seq"], body["must_resync"]) == ([], 4, True)

    @pytest.mark.parametrize(
        "query",
        ["", "mission=1", "mission=x&after=0", "mission=1&after=-1", "mission=1&after=0&wait=99"],
    )
    async def test_refuses_what_it_cannot_read(self, client: AsyncClient, query: str) -> None:
        response = await client.get(f"/api/v1/changes?{query}")

        assert (response.status_code, response.json()["code"]) == (422, "invalid")

    async def test_is_only_read(self, client: AsyncClient, mission: Mission) -> None:
        response = await client.post(f"/api/v1/changes?mission={mission.pk}&after=0")

        assert response.status_code == 405

    async def test_knows_a_token(self, mission: Mission, owner: User) -> None:
        token = await sync_to_async(AccessToken.for_user)(owner)
        url = f"/api/v1/changes?mission={mission.pk}&after=0"

        good = await AsyncClient().get(url, headers={"Authorization": f"Bearer {token}"})
        bad = await AsyncClient().get(url, headers={"Authorization": "Bearer x"})

        assert (good.status_code, bad.status_code) == (200, 401)


class TestWait:
    async def test_answers_when_something_happens(
        self, client: AsyncClient, mission: Mission
    ) -> None:
        waiting = asyncio.create_task(ask(client, mission, 0, wait=20))
        await asyncio.sleep(0.2)
        assert not waiting.done()

        await publish_elsewhere(mission)

        body = await asyncio.wait_for(waiting, 1)
        assert [frame["seq"] for frame in body["results"]] == [1]

    async def test_answers_with_nothing_in_the_end(
        self, client: AsyncClient, mission: Mission
    ) -> None:
        body = await asyncio.wait_for(ask(client, mission, 0, wait=0.2), 5)

        assert (body["results"], body["must_resync"]) == ([], False)

    async def test_does_without_the_layer(
        self,
        client: AsyncClient,
        mission: Mission,
        deaf_layer: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def refuse(*_args: Any) -> None:
            raise OSError("no layer today")

        monkeypatch.setattr(get_channel_layer(), "new_channel", refuse)
        monkeypatch.setattr(feed, "LOOK_AGAIN_SECONDS", 0.05)
        deaf_layer()
        waiting = asyncio.create_task(ask(client, mission, 0, wait=20))
        await asyncio.sleep(0.1)

        await publish_elsewhere(mission)

        assert (await asyncio.wait_for(waiting, 2))["seq"] == 1

    async def test_leaves_nothing_in_the_layer(self, client: AsyncClient, mission: Mission) -> None:
        await ask(client, mission, 0, wait=0.1)

        assert not get_channel_layer().groups


class TestRetention:
    def test_removes_what_is_older_than_a_week(self, mission: Mission) -> None:
        publish(mission, 3)
        Event.objects.filter(seq__lt=3).update(at=NOW - timedelta(days=8))

        assert prune_events(NOW) == 2
        assert selectors.live_position(mission_id=mission.pk) == (3, 3)

    def test_removes_what_is_beyond_ten_thousand(self, mission: Mission, owner: User) -> None:
        other = Mission.objects.create(owner=owner, title="Other", model="m")
        publish(mission, 5)
        publish(other, 2)
        Mission.objects.filter(pk=mission.pk).update(seq=KEPT_A_MISSION + 3)

        assert prune_events(NOW) == 3
        assert selectors.live_position(mission_id=mission.pk)[1] == 4
        assert selectors.live_position(mission_id=other.pk) == (2, 1)

    def test_keeps_the_rest(self, mission: Mission) -> None:
        publish(mission, 3)

        assert prune_events(NOW) == 0
        assert selectors.live_position(mission_id=mission.pk) == (3, 1)
