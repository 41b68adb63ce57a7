"""One mission in one process: a subscription, a reading of each frame, for all who look on.

Everything here belongs to one event loop. What many sockets need at the same moment (who may look
on, what was missed) is read once and shared.
"""

import asyncio
import json
import weakref
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, TypeVar

from channels.db import database_sync_to_async

from missions import events, selectors
from missions.onlookers.bursts import Bursts, Item
from missions.selectors import Missed, Standing
from parallagon.core.hub import Hear, Message, hub

Answer = TypeVar("Answer")


class Room:
    """Hands what the mission's group is sent to everyone in it, bursts of edits as one."""

    def __init__(self, mission_id: int) -> None:
        self.mission_id = mission_id
        self.heard = 0  # the number of the last event that the layer brought
        self._known = 0  # of the last that may have come before anyone was here
        self._group = events.group(mission_id)
        self._hearers: dict[Hear, None] = {}
        self._bursts = Bursts()
        self._timer: asyncio.TimerHandle | None = None
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}
        self.access_changed_at = 0.0
        self._read_at = float("-inf")
        self._standing: Standing | None = None

    async def join(self, hear: Hear, *, within: float) -> None:
        self._hearers[hear] = None
        await hub().join(self._group, self._hear, within=within)

    async def leave(self, hear: Hear) -> None:
        """Leave the room; the last one closes it."""
        self._hearers.pop(hear, None)
        if self._hearers:
            return
        if self._timer:
            self._timer.cancel()
        rooms = _rooms()
        if rooms.get(self.mission_id) is self:
            del rooms[self.mission_id]
        await hub().leave(self._group, self._hear)

    def known(self, seq: int) -> None:
        """Take for heard what there was up to ``seq``."""
        self._known = max(self._known, seq)

    def is_deaf(self, seq: int) -> bool:
        """Return whether the layer has not brought the event ``seq``."""
        return seq > max(self.heard, self._known)

    async def renew(self) -> None:
        """Subscribe once more: there are numbers that were not heard."""
        await hub().renew(self._group)

    async def standing(self, *, since: float) -> Standing | None:
        """Return where the mission stands and who is in it, as of ``since`` (loop time) or later.

        ``None``: the mission is gone.
        """
        while self._read_at < since:
            await self._once("standing", self._read_standing)
        return self._standing

    def renumbered(self, seq: int) -> None:
        """Begin again at a lower number: the database was restored from a copy."""
        self.heard, self._known = min(self.heard, seq), min(self._known, seq)

    async def missed(self, after: int, *, reason: Hashable) -> Missed:
        """Return what follows ``after``; those who miss it for the same reason share the answer.

        Raises:
            ResourceNotFoundError: the mission is gone.
        """
        look = database_sync_to_async(selectors.missed_events, thread_sensitive=False)
        return await self._once(
            ("missed", after, reason), lambda: look(mission_id=self.mission_id, after=after)
        )

    async def _read_standing(self) -> None:
        began = asyncio.get_running_loop().time()
        look = database_sync_to_async(selectors.standing, thread_sensitive=False)
        self._standing = await look(mission_id=self.mission_id)
        self._read_at = began

    async def _once(self, key: Hashable, load: Callable[[], Awaitable[Answer]]) -> Answer:
        """Load something, or wait for who is loading it.

        It is done in a thread of its own: that of the request which came first may be given back
        meanwhile.
        """
        flight = self._flights.get(key)
        if flight is None or flight.done():  # one that has landed may not have been cleared yet
            flight = asyncio.ensure_future(load())
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._clear(key, done))
        answer: Answer = await asyncio.shield(flight)
        return answer

    def _clear(self, key: Hashable, landed: asyncio.Future[Any]) -> None:
        if self._flights.get(key) is landed:
            del self._flights[key]

    def _hear(self, message: Message) -> None:
        if message["type"] == "access.changed":
            self.access_changed_at = asyncio.get_running_loop().time()
        if message["type"] != "frame":
            self._hand_on(message)
            return
        item = _item(message)
        if item is None:
            self._hand_on(_as_live(message))
        elif item.seq > self.heard:
            self.heard = item.seq
            self._bursts.take(item)
            if self._timer is None:
                self._release()

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        for item in self._bursts.release(loop.time()):
            self._hand_on(message_of(item))
        next_at = self._bursts.next_at()
        self._timer = None if next_at is None else loop.call_at(next_at, self._release)

    def _hand_on(self, message: Message) -> None:
        for hear in tuple(self._hearers):
            hear(message)


def message_of(item: Item) -> Message:
    """Return what the room hands on for an event."""
    return {
        "type": "frame",
        "text": item.text,
        "seq": item.seq,
        "covers": item.covers,
        "kind": item.kind,
        "data": item.data,
        "since": item.since,
    }


def _item(message: Message) -> Item | None:
    """Return the numbered event in a message, ``None`` for a frame that is live only."""
    seq = message["seq"]
    if seq is None:
        return None
    frame: Mapping[str, Any] = json.loads(message["text"])
    revision = frame["data"].get("revision")
    return Item(
        seq=seq,
        covers=seq,
        kind=frame["type"],
        data=frame["data"],
        text=message["text"],
        since=revision - 1 if isinstance(revision, int) else None,
    )


def _as_live(message: Message) -> Message:
    return {**message, "kind": json.loads(message["text"])["type"]}


_by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, Room]] = (
    weakref.WeakKeyDictionary()
)


def _rooms() -> dict[int, Room]:
    return _by_loop.setdefault(asyncio.get_running_loop(), {})


async def enter(mission_id: int, hear: Hear, *, within: float = 2.0) -> Room:
    """Let ``hear`` have everything that the mission's group is sent; return the room.

    Waits up to ``within`` seconds for the subscription; a message ``joined`` says when there is
    one. Whoever enters leaves again by `Room.leave`.
    """
    rooms = _rooms()
    room = rooms.get(mission_id) or rooms.setdefault(mission_id, Room(mission_id))
    await room.join(hear, within=within)
    return room
