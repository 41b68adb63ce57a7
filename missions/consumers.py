"""The live socket of a mission: every numbered event once, in order, whatever the layer loses."""

import asyncio
import logging
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.db import database_sync_to_async

from missions import events, selectors
from missions.cache import CachedStore
from missions.selectors import LARGEST_ID, Missed
from parallagon.core.consumers import BAD_REQUEST, FORBIDDEN, NOT_FOUND, BaseConsumer
from parallagon.core.errors import ResourceNotFoundError
from parallagon.core.hub import Message

logger = logging.getLogger(__name__)


class MissionConsumer(BaseConsumer):
    """``ws/v1/missions/{id}/?after=SEQ``.

    ``hello`` first, then what follows ``after`` in order, or ``resync`` when that is too much or
    too old; without ``after``, what follows the hello. Frames that the layer brings meanwhile
    wait their turn. A number that was sent is never sent again; one that is missing is fetched
    from the database, at the latest with the next heartbeat.
    """

    messages: ClassVar[dict[str, str]] = {**BaseConsumer.messages, "resume": "resume"}
    mission_id: int
    _after: int | None = None
    _sent = 0
    _turn: asyncio.Lock

    async def authorize(self) -> int | None:
        self.mission_id = self.scope["url_route"]["kwargs"]["mission_id"]
        self._turn = asyncio.Lock()
        if await self._seen() is None:
            return NOT_FOUND
        is_given, self._after = number_in(self.scope["query_string"])
        return BAD_REQUEST if is_given and self._after is None else None

    def group(self) -> str:
        return events.group(self.mission_id)

    async def welcome(self) -> None:
        seq, oldest = await database_sync_to_async(selectors.live_position)(
            mission_id=self.mission_id
        )
        await self.send_frame("hello", {"seq": seq, "oldest": oldest})
        self._sent = seq if self._after is None else self._after
        await self._catch_up()
        contents = database_sync_to_async(selectors.contents_of)
        CachedStore().warm(await contents(mission_id=self.mission_id))

    async def resume(self, message: dict[str, Any]) -> None:
        """Send again what follows a number that the client gives."""
        after = number_of(message.get("after"))
        if after is None:
            await self.send_error("bad_after")
            return
        async with self._turn:
            self._sent = after
            await self._catch_up()

    async def frame(self, message: Message) -> None:
        """Pass on a frame of the layer unless it was sent; fetch first what should precede it."""
        seq = message["seq"]
        if seq is None:
            await self.send(text_data=message["text"])
            return
        async with self._turn:
            if seq == self._sent + 1:
                self._sent = seq
                await self.send(text_data=message["text"])
            elif seq > self._sent:
                await self._catch_up()

    async def lagged(self, _message: Message) -> None:
        """Let a client that was too slow fetch everything again, and go on from there."""
        async with self._turn:
            look = database_sync_to_async(selectors.live_position)
            seq, _oldest = await look(mission_id=self.mission_id)
            await self._resync(seq)

    async def beat(self) -> None:
        """Tell the last number, having sent everything up to it; close when access was lost.

        A number that grew without a frame means that the layer lost us: join the group again.
        """
        seq = await self._seen()
        if seq is None:
            await self.close(FORBIDDEN)
            return
        async with self._turn:
            if seq > self._sent:
                await self._catch_up()
                await self.rejoin()
        await self.send_frame("heartbeat", {"seq": seq})

    async def access_changed(self, _message: Message) -> None:
        """Close at once when the person may no longer look on."""
        if await self._seen() is None:
            await self.close(FORBIDDEN)

    async def _seen(self) -> int | None:
        """Return the mission's last number, ``None`` for who may not look on."""
        look = database_sync_to_async(selectors.seen_by)
        seq: int | None = await look(user_id=self.scope["user"].pk, mission_id=self.mission_id)
        return seq

    async def _catch_up(self) -> None:
        """Send what follows the last number sent; the caller has the turn."""
        look = database_sync_to_async(selectors.missed_events)
        try:
            missed: Missed = await look(mission_id=self.mission_id, after=self._sent)
        except ResourceNotFoundError:
            await self.close(NOT_FOUND)
            return
        if missed.must_resync:
            await self._resync(missed.seq)
            return
        for event in missed.events:
            self._sent = event.seq
            await self.send(text_data=events.frame(event))

    async def _resync(self, seq: int) -> None:
        self._sent = seq
        await self.send_frame("resync", {"seq": seq})


def number_in(query: bytes) -> tuple[bool, int | None]:
    """Return whether a query names a number after which to go on, and which, if it is one."""
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("after")
    return (True, number_of(given[-1])) if given else (False, None)


def number_of(value: Any) -> int | None:
    """Return a number of an event, ``None`` for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= LARGEST_ID else None
