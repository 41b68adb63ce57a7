"""The base of every WebSocket consumer: who may connect, what may be said, what a frame is."""

import asyncio
import json
import logging
from typing import Any, ClassVar

from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from parallagon.core import live

logger = logging.getLogger(__name__)

BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND = 4400, 4401, 4403, 4404
HEARTBEAT_SECONDS = 15
LARGEST_MESSAGE = 4096


class BaseConsumer(AsyncWebsocketConsumer):
    """Accept, then close with a code that says why; survive whatever a client sends.

    A subclass sets ``messages`` (type → method name), implements ``authorize()`` (returns a close
    code or ``None``), ``group()`` and ``welcome()``.
    """

    messages: ClassVar[dict[str, str]] = {}
    _heart: asyncio.Task[None] | None = None
    _group: str | None = None

    async def connect(self) -> None:
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(UNAUTHENTICATED)
            return
        refusal = await self.authorize()
        if refusal is not None:
            await self.close(refusal)
            return
        self._group = self.group()
        await self.channel_layer.group_add(self._group, self.channel_name)
        await self.welcome()
        self._heart = asyncio.create_task(self._beat())

    async def disconnect(self, code: int) -> None:
        if self._heart:
            self._heart.cancel()
        if self._group:
            await self.channel_layer.group_discard(self._group, self.channel_name)

    async def authorize(self) -> int | None:
        raise NotImplementedError

    def group(self) -> str:
        raise NotImplementedError

    async def welcome(self) -> None:
        """Send what a client needs first."""

    async def current_seq(self) -> int | None:
        """Return the number that a heartbeat carries."""
        return None

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Hand a well-formed message to its method; answer anything else with an error frame."""
        message = self._parse(text_data)
        if message is None:
            await self.send_error("malformed")
            return
        method = self.messages.get(str(message.get("type")))
        if method is None:
            await self.send_error("unknown_type")
            return
        await getattr(self, method)(message)

    @staticmethod
    def _parse(text: str | None) -> dict[str, Any] | None:
        if text is None or len(text) > LARGEST_MESSAGE:
            return None
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return message if isinstance(message, dict) else None

    async def send_frame(self, kind: str, data: dict[str, Any], *, seq: int | None = None) -> None:
        await self.send(text_data=live.encode(kind, data, at=timezone.now(), seq=seq))

    async def send_error(self, code: str) -> None:
        await self.send_frame("error", {"code": code})

    async def frame(self, event: dict[str, Any]) -> None:
        """Pass on a frame that arrived through the layer."""
        await self.send(text_data=event["text"])

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:  # a heartbeat must outlive a blink of the database
                seq = await self.current_seq()
            except Exception as error:
                logger.warning("no heartbeat this time: %s", error)
                continue
            await self.send_frame("heartbeat", {}, seq=seq)
