"""A client that is cut off at random has every event once, in order, by socket and by polling."""

import asyncio
import random
from collections.abc import Callable, Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.test import AsyncClient

from missions import events
from missions.consumers import MissionConsumer
from missions.models import Mission
from parallagon.accounts.models import User
from tests.events.conftest import NOW, Socket, address, connected

TOTAL, CUTS, AT_ONCE = 2000, 50, 20
Switch = Callable[[], None]


@pytest.fixture
def chance() -> random.Random:
    return random.Random(4)  # noqa: S311 - the same each time


@pytest.fixture
def pieces(chance: random.Random) -> Iterator[int]:
    """Return how many events are read before each cut, and after the last one."""
    ends = sorted(chance.sample(range(1, TOTAL), CUTS))
    return iter(end - begin for begin, end in zip([0, *ends], [*ends, TOTAL], strict=True))


@sync_to_async(thread_sensitive=False)
def publish_many(mission: Mission) -> None:
    with transaction.atomic():
        facts = [(mission.pk, "file.removed", {"path": f"{n}.md"}) for n in range(AT_ONCE)]
        events.publish_many(facts, at=NOW)  # type: ignore[arg-type]


async def write(mission: Mission, chance: random.Random, switch: Switch) -> None:
    """Publish everything, while the layer loses frames at random."""
    for _ in range(TOTAL // AT_ONCE):
        if chance.random() < 0.3:
            switch()
        await publish_many(mission)


async def read(socket: Socket, count: int) -> list[int]:
    numbers: list[int] = []
    while len(numbers) < count:
        frame = await socket.frame()
        if frame["type"] == "resync":
            pytest.fail("the client is told to fetch everything again")
        if frame["seq"] is not None:
            numbers.append(frame["seq"])
    return numbers


class TestCutOff:
    async def test_on_the_socket(
        self,
        owner: User,
        mission: Mission,
        deaf_layer: Switch,
        chance: random.Random,
        pieces: Iterator[int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(MissionConsumer, "heartbeat_seconds", 0.2)
        monkeypatch.setattr("missions.selectors.events.MOST_EVENTS", TOTAL)
        seen: list[int] = []
        writing = asyncio.create_task(write(mission, chance, deaf_layer))

        for count in pieces:
            after = seen[-1] if seen else 0
            async with connected(owner, address(mission, f"?after={after}")) as socket:
                seen += await read(socket, count)
        await writing

        assert seen == list(range(1, TOTAL + 1))

    async def test_on_the_feed(
        self,
        owner: User,
        mission: Mission,
        deaf_layer: Switch,
        chance: random.Random,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Every request may be cut off before its answer is read; then it is asked again."""
        monkeypatch.setattr("missions.api.changes.LOOK_AGAIN_SECONDS", 0.2)
        monkeypatch.setattr("missions.selectors.events.MOST_EVENTS", TOTAL)
        client = AsyncClient()
        await sync_to_async(client.force_login)(owner)
        seen: list[int] = []
        cuts = 0
        writing = asyncio.create_task(write(mission, chance, deaf_layer))

        while len(seen) < TOTAL or cuts < CUTS:
            after = seen[-1] if seen else 0
            asking = asyncio.create_task(
                client.get(f"/api/v1/changes?mission={mission.pk}&after={after}&wait=2")
            )
            if cuts < CUTS:
                cuts += 1
                await asyncio.sleep(chance.random() / 100)
                asking.cancel()
                await asyncio.wait([asking])
                if asking.cancelled():
                    continue
            body = (await asking).json()
            assert not body["must_resync"]
            seen += [frame["seq"] for frame in body["results"]]
        await writing

        assert seen == list(range(1, TOTAL + 1))
