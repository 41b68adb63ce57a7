"""The live socket of a person: every change of their notifications, in all their tabs."""

import asyncio
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from django.utils import timezone

from missions.consumers import number_in, number_of
from notifications import frames, selectors
from notifications.models import Notification
from parallagon.accounts.models import User
from parallagon.core.consumers import BAD_REQUEST, FORBIDDEN, BaseConsumer
from parallagon.core.hub import Message

MOST_MISSED = 200


class NotificationConsumer(BaseConsumer):
    """``ws/v1/notifications/?after=SEQ``.

    ``hello {seq, unread}`` first, then the messages to which something happened after the number
    (each once, as it is now), or ``resync {seq}`` when those are too many. Numbers grow, but some
    are left out: a message has the number of what happened to it last.
    """

    messages: ClassVar[dict[str, str]] = {**BaseConsumer.messages, "resume": "resume"}
    _after: int | None = None
    _sent = 0
    _turn: asyncio.Lock

    @property
    def user(self) -> User:
        user: User = self.scope["user"]
        return user

    async def authorize(self) -> int | None:
        self._turn = asyncio.Lock()
        given, self._after = number_in(self.scope["query_string"])
        return BAD_REQUEST if given and self._after is None else None

    def group(self) -> str:
        return frames.group(self.user.pk)

    async def welcome(self) -> None:
        seq, unread = await self._position()
        await self.send_frame("hello", {"seq": seq, "unread": unread})
        self._sent = seq if self._after is None else self._after
        await self._catch_up()

    async def resume(self, message: dict[str, Any]) -> None:
        """Send again what happened after a number that the client gives."""
        after = number_of(message.get("after"))
        if after is None:
            await self.send_error("bad_after")
            return
        async with self._turn:
            self._sent = after
            await self._catch_up()

    async def frame(self, message: Message) -> None:
        """Pass on the next frame; fetch what is missing before it."""
        async with self._turn:
            if message["seq"] == self._sent + 1:
                self._sent = message["seq"]
                await self.send(text_data=message["text"])
            elif message["seq"] > self._sent:
                await self._catch_up()

    async def lagged(self, _message: Message) -> None:
        """Fetch what the inbox had no room for."""
        async with self._turn:
            await self._catch_up()

    async def beat(self) -> None:
        """Tell the last number, having sent everything up to it; close when access was lost."""
        if not await User.objects.filter(pk=self.user.pk, is_active=True).aexists():
            await self.close(FORBIDDEN)
            return
        seq, _unread = await self._position()
        async with self._turn:
            if seq > self._sent:
                await self._catch_up()
                await self.rejoin()
        await self.send_frame("heartbeat", {"seq": seq})

    async def _position(self) -> tuple[int, int]:
        look = database_sync_to_async(_position)
        position: tuple[int, int] = await look(self.user.pk)
        return position

    async def _catch_up(self) -> None:
        """Send what happened after the last number sent; the caller has the turn."""
        look = database_sync_to_async(_missed)
        seq, unread, missed, texts = await look(self.user, self._sent)
        if self._sent > seq or missed > MOST_MISSED:
            self._sent = seq
            await self.send_frame("resync", {"seq": seq, "unread": unread})
            return
        self._sent = seq
        for text in texts:
            await self.send(text_data=text)


def _position(user_id: int) -> tuple[int, int]:
    unread = selectors.unread_count(user_id=user_id, now=timezone.now())
    return selectors.inbox_number(user_id=user_id), unread


def _missed(user: User, after: int) -> tuple[int, int, int, list[str]]:
    """Return where the person's messages stand, and frames of what happened after a number."""
    seq, unread = _position(user.pk)
    rows = selectors.changed_after(user_id=user.pk, after=after, limit=MOST_MISSED + 1)
    texts = [_text(row, user, unread) for row in rows] if len(rows) <= MOST_MISSED else []
    return max(seq, rows[-1].seq) if rows and texts else seq, unread, len(rows), texts


def _text(row: Notification, user: User, unread: int) -> str:
    if row.read_at is not None:
        return frames.read([row.pk], unread=unread, seq=row.seq, at=row.read_at)
    language = selectors.language_of(user)
    return frames.created(row, unread=unread, language=language, channels=())
