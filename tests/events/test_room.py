"""What many sockets ask at the same moment."""

import asyncio
from typing import Any

import pytest

from missions import selectors
from missions.models import Mission
from missions.onlookers import Room, enter
from tests.events.conftest import publish_later

CROWD = 60


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the name of each look into the database, as they are made."""
    made: list[str] = []

    def counted(name: str) -> None:
        real = getattr(selectors, name)

        def look(**options: Any) -> Any:
            made.append(name)
            return real(**options)

        monkeypatch.setattr(selectors, name, look)

    counted("standing")
    counted("missed_events")
    return made


def now() -> float:
    return asyncio.get_running_loop().time()


class TestStanding:
    async def test_is_looked_up_for_all_who_ask_at_once(
        self, mission: Mission, looks: list[str]
    ) -> None:
        room = Room(mission.pk)

        found = await asyncio.gather(*(room.standing(since=now()) for _ in range(CROWD)))

        assert {standing and standing.seq for standing in found} == {0}
        assert len(looks) <= 2  # whoever asks while one is on its way may need a later one

    async def test_is_never_older_than_asked(self, mission: Mission) -> None:
        room = Room(mission.pk)

        async def ask(turns: int) -> int:
            """Ask again at each turn of the loop, also as another answer has just arrived."""
            for _ in range(turns):
                await asyncio.sleep(0)
            standing = await room.standing(since=now())
            return standing.seq if standing else -1

        first = await asyncio.gather(*(ask(turns) for turns in range(CROWD)))
        await publish_later(mission)
        second = await asyncio.gather(*(ask(turns) for turns in range(CROWD)))

        assert (set(first), set(second)) == ({0}, {1})

    @pytest.mark.timeout(20)
    async def test_is_looked_up_again_for_who_asks_as_an_answer_arrives(
        self, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That very moment is over at the loop's next turn, which must come."""
        room = Room(mission.pk)
        read, arriving = room._read_standing, asyncio.Event()

        async def read_and_wake() -> None:
            await read()
            arriving.set()

        async def ask_then() -> selectors.Standing | None:
            await arriving.wait()
            return await room.standing(since=now())

        monkeypatch.setattr(room, "_read_standing", read_and_wake)
        late = asyncio.create_task(ask_then())
        await asyncio.sleep(0)

        assert await room.standing(since=now()) is not None
        assert await late is not None

    async def test_fails_for_those_who_asked_and_is_looked_up_again(
        self, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_: Any) -> None:
            raise OSError("gone for a moment")

        room = Room(mission.pk)
        with monkeypatch.context() as broken:
            broken.setattr(selectors, "standing", fail)
            asked = (room.standing(since=now()) for _ in range(3))
            failed = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(error, OSError) for error in failed)

        assert await room.standing(since=now()) is not None


class TestMissed:
    async def test_is_fetched_once_for_the_same_reason(
        self, mission: Mission, looks: list[str]
    ) -> None:
        await publish_later(mission, 3)
        room = Room(mission.pk)

        found = await asyncio.gather(*(room.missed(1, reason=3) for _ in range(CROWD)))

        assert looks == ["missed_events"]
        assert {tuple(event.seq for event in missed.events) for missed in found} == {(2, 3)}


class TestEnter:
    async def test_all_are_in_one_room_until_the_last_has_left(self, mission: Mission) -> None:
        def one(_message: Any) -> None:
            """Hear nothing."""

        def other(_message: Any) -> None:
            """Hear nothing."""

        rooms = [await enter(mission.pk, hear) for hear in (one, other)]
        assert rooms[0] is rooms[1]

        for hear in (one, other):
            await rooms[0].leave(hear)
        again = await enter(mission.pk, one)
        assert again is not rooms[0]
        await again.leave(one)
