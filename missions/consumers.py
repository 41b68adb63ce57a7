"""The live socket of a mission: every numbered event once, in order, whatever the layer loses."""

import asyncio
import logging
import time
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.db import database_sync_to_async

from missions import events, selectors
from missions.cache import CachedStore
from missions.onlookers import BadFilter, Filter, Room, enter
from missions.selectors import LARGEST_ID, Standing
from parallagon.core import live
from parallagon.core.consumers import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    UNAUTHENTICATED,
    BaseConsumer,
)
from parallagon.core.errors import ResourceNotFoundError
from parallagon.core.hub import Message

logger = logging.getLogger(__name__)


class MissionConsumer(BaseConsumer):
    """``ws/v1/missions/{id}/?after=SEQ&types=…&files=…``.

    ``hello`` first, then what follows ``after`` in order, or ``resync`` when that is too much or
    too old; without ``after``, what follows the hello. Frames that the layer brings meanwhile
    wait their turn. A number that was sent is never sent again; one that is missing is fetched
    from the database, at the latest with the next heartbeat.

    A frame that stands for more than its own number says from which on (``covers``): those in
    between were older states of the same file, or are not what the client's filter lets pass.
    """

    messages: ClassVar[dict[str, str]] = {
        **BaseConsumer.messages,
        "resume": "resume",
        "filter": "choose",
    }
    mission_id: int
    _after: int | None = None
    _filter: Filter
    _sent = 0  # everything up to this number was sent, or is not for this client
    _told = 0  # the last number that the client knows of
    _role = ""
    _room: Room | None = None
    _turn: asyncio.Lock

    async def authorize(self) -> int | None:
        self.mission_id = self.scope["url_route"]["kwargs"]["mission_id"]
        self._turn = asyncio.Lock()
        look = database_sync_to_async(selectors.seen_by)
        if await look(user_id=self.scope["user"].pk, mission_id=self.mission_id) is None:
            return NOT_FOUND
        try:
            self._filter = Filter.from_query(_query(self.scope["query_string"]))
        except BadFilter:
            return BAD_REQUEST
        is_given, self._after = number_in(self.scope["query_string"])
        return BAD_REQUEST if is_given and self._after is None else None

    def group(self) -> str:
        return events.group(self.mission_id)

    async def join(self) -> None:
        self._room = await enter(self.mission_id, self.hear)
        self._joined_at = time.monotonic()

    async def rejoin(self) -> None:
        await self._entered.renew()
        self._joined_at = time.monotonic()

    async def leave(self, group: str) -> None:
        if self._room is not None:
            await self._room.leave(self.hear)

    async def welcome(self) -> None:
        seq, oldest = await database_sync_to_async(selectors.live_position)(
            mission_id=self.mission_id
        )
        standing = await self._entered.standing(since=_now())
        self._role = standing.roles.get(self.scope["user"].pk, "") if standing else ""
        self._entered.known(seq)
        await self.send_frame("hello", {"seq": seq, "oldest": oldest})
        self._sent = self._told = seq if self._after is None else self._after
        await self._catch_up(reason=self)
        contents = database_sync_to_async(selectors.contents_of)
        CachedStore().warm(await contents(mission_id=self.mission_id))

    async def resume(self, message: dict[str, Any]) -> None:
        """Send again what follows a number that the client gives."""
        after = number_of(message.get("after"))
        if after is None:
            await self.send_error("bad_after")
            return
        async with self._turn:
            self._sent = self._told = after
            await self._catch_up(reason=id(message))

    async def choose(self, message: dict[str, Any]) -> None:
        """Send from now on only what the client asks for; say so, and from which number on."""
        try:
            chosen = Filter.read(message)
        except BadFilter:
            await self.send_error("bad_filter")
            return
        async with self._turn:
            self._filter = chosen
            await self.send_frame("filter", {**chosen.as_data(), "seq": self._sent})

    async def frame(self, message: Message) -> None:
        """Pass on a frame of the layer unless it was sent; fetch first what should precede it."""
        seq = message["seq"]
        if seq is None:
            if self._filter.passes(message["kind"], {}):
                await self.send(text_data=message["text"])
            return
        async with self._turn:
            if seq <= self._sent:
                return
            if message["covers"] > self._sent + 1:
                await self._catch_up(reason=seq)
            else:
                await self._tell(seq, message["kind"], message["data"], message["text"])

    async def joined(self, message: Message) -> None:
        """Fetch what happened while the layer brought nothing."""
        async with self._turn:
            await self._catch_up(reason=id(message))

    async def lagged(self, _message: Message) -> None:
        """Let a client that was too slow fetch everything again, and go on from there."""
        async with self._turn:
            look = database_sync_to_async(selectors.live_position)
            seq, _oldest = await look(mission_id=self.mission_id)
            await self._resync(seq)

    async def beat(self) -> None:
        """Tell the last number, having sent everything up to it; close when access was lost.

        A number that no frame brought means that the layer lost us: join the group again.
        """
        standing = await self._stand(since=_now() - self.heartbeat_seconds / 10)
        if standing is None:
            return
        async with self._turn:
            is_deaf = self._entered.is_deaf(standing.seq)
            if standing.seq > self._sent:
                await self._catch_up(reason=("beat", standing.seq))
            elif standing.seq < self._sent:
                await self._look_for_another_past()
            data = {"seq": self._sent}
            if self._told < self._sent:
                data["covers"] = self._told + 1
                self._told = self._sent
            await self.send_frame("heartbeat", data)
        if is_deaf:
            await self.rejoin()
            self._entered.known(standing.seq)

    async def access_changed(self, _message: Message) -> None:
        """Close at once when the person may no longer look on; tell them what they are now."""
        await self._stand(since=self._entered.access_changed_at)

    @property
    def _entered(self) -> Room:
        if self._room is None:
            raise RuntimeError("the socket is in no room yet")
        return self._room

    async def _stand(self, *, since: float) -> Standing | None:
        """Return how things stand; end the socket of a person who may not look on (``None``)."""
        user = self.scope["user"].pk
        standing = await self._entered.standing(since=since)
        if standing is None or user not in standing.roles:
            is_inactive = standing is not None and user in standing.inactive
            await self.close(UNAUTHENTICATED if is_inactive else FORBIDDEN)
            return None
        if standing.roles[user] != self._role:
            self._role = standing.roles[user]
            await self.send_frame("access", {"role": self._role})
        return standing

    async def _look_for_another_past(self) -> None:
        """Begin again where the numbers do: the database was restored from a copy.

        What was known of the mission may only have been a moment old; so look once more.
        """
        standing = await self._entered.standing(since=_now())
        if standing is not None and standing.seq < self._sent:
            self._entered.renumbered(standing.seq)
            await self._resync(standing.seq)

    async def _catch_up(self, *, reason: Hashable) -> None:
        """Send what follows the last number sent; the caller has the turn.

        Sockets that miss the same for the same ``reason`` share one look into the database.
        """
        try:
            missed = await self._entered.missed(self._sent, reason=reason)
        except ResourceNotFoundError:
            await self.close(NOT_FOUND)
            return
        if missed.must_resync:
            await self._resync(missed.seq)
            return
        for event in missed.events:
            await self._tell(event.seq, event.type, event.data, events.frame(event))

    async def _tell(self, seq: int, kind: str, data: Mapping[str, Any], text: str) -> None:
        """Send the next event if the filter lets it pass."""
        self._sent = seq
        if not self._filter.passes(kind, data):
            return
        first, self._told = self._told + 1, seq
        await self.send(text_data=text if first == seq else live.covering(text, first))

    async def _resync(self, seq: int) -> None:
        self._sent = self._told = seq
        await self.send_frame("resync", {"seq": seq})


def _now() -> float:
    return asyncio.get_running_loop().time()


def _query(query: bytes) -> dict[str, list[str]]:
    return parse_qs(query.decode("latin-1"), keep_blank_values=True)


def number_in(query: bytes) -> tuple[bool, int | None]:
    """Return whether a query names a number after which to go on, and which, if it is one."""
    given = _query(query).get("after")
    return (True, number_of(given[-1])) if given else (False, None)


def number_of(value: Any) -> int | None:
    """Return a number of an event, ``None`` for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= LARGEST_ID else None
