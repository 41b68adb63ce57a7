"""The base of every WebSocket consumer: who may connect, what may be said, what a frame is."""

import asyncio
import contextlib
import json
import logging
import time
import uuid
from typing import Any, ClassVar

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.utils import timezone

from parallagon.core import live, measures
from parallagon.core.hub import Message, hub
from parallagon.core.inbox import Inbox
from parallagon.core.logging import log_context
from parallagon.core.stays import Stay

logger = logging.getLogger(__name__)

BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, TOO_SLOW = 4400, 4401, 4403, 4404, 4408
TOO_MANY = 4429
LARGEST_MESSAGE = 4096
MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 10, 20


class BaseConsumer(AsyncWebsocketConsumer):
    """Accept, then close with a code that says why; survive whatever a client sends.

    A subclass extends ``messages`` (type → method name) and implements ``authorize()`` (returns a
    close code or ``None``), ``group()``, ``welcome()`` and, if it has more to say, ``beat()``.

    What the group is sent waits in a bounded inbox, and the method that its type names handles it
    (dots read as underscores), one after the other; ``beat()`` and messages of the client run
    beside them. A client that reads nothing for ``patience_seconds`` is closed, and so is one whose
    sign-in ends. The scope's ``subprotocol`` is echoed.
    """

    heartbeat_seconds: ClassVar[float] = 15
    rejoin_seconds: ClassVar[float] = 600
    patience_seconds: ClassVar[float] = 30
    messages: ClassVar[dict[str, str]] = {"ping": "ping"}
    _tasks: tuple[asyncio.Task[None], ...] = ()
    _stay: Stay | None = None
    _group: str | None = None
    _is_closing = False
    _joined_at = 0.0
    _allowance = float(MESSAGES_AT_ONCE)
    _heard_at = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Do without the channel that Channels opens for each socket: the hub has one a group."""
        self.scope = scope
        self.base_send = send
        self._inbox = Inbox()
        with log_context(**self._ids()):
            measures.SOCKETS.inc()
            try:
                with contextlib.suppress(StopConsumer):
                    await await_many_dispatch([receive], self.dispatch)
            finally:
                measures.SOCKETS.dec()
                await self._leave()

    def _ids(self) -> dict[str, Any]:
        """Return what the lines of this socket are about: whose, and what its address names."""
        named = self.scope.get("url_route", {}).get("kwargs", {})
        ids = {name.removesuffix("_id"): value for name, value in named.items()}
        return {"socket": uuid.uuid4().hex, "user": self._user_id, **ids}

    def _user_id(self) -> object:
        return getattr(self.scope.get("user"), "pk", None)

    async def connect(self) -> None:
        await self.accept(self.scope.get("subprotocol"))
        refusal = self._admit() or await self.authorize()
        if refusal is not None:
            await self.close(refusal)
            return
        self._group = self.group()
        await self.join()
        self._inbox.clear()  # whatever came before the welcome is in what the welcome reads
        await self.welcome()
        work = (self._attend(), self._keep_beating(), self._leave_in_time())
        self._tasks = tuple(asyncio.create_task(one) for one in work)

    def _admit(self) -> int | None:
        """Let in who is signed in and has few sockets open; return why not."""
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            return UNAUTHENTICATED
        self._stay = Stay(self.scope)
        return None if self._stay.begin() else TOO_MANY

    async def disconnect(self, code: int) -> None:
        await self._leave()

    async def _leave(self) -> None:
        """End what runs for this socket, however it ended; once more does no harm."""
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        if self._stay:
            self._stay.end()
        if self._group:
            group, self._group = self._group, None
            await self.leave(group)

    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        """Send, and wait for a client that lags behind; close one that does not read at all."""
        try:
            async with asyncio.timeout(self.patience_seconds):
                await super().send(text_data, bytes_data, close)
        except TimeoutError:
            await self.close(TOO_SLOW)

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        self._is_closing = True
        await super().close(code, reason)

    async def authorize(self) -> int | None:
        raise NotImplementedError

    def group(self) -> str:
        raise NotImplementedError

    async def welcome(self) -> None:
        """Send what a client needs first; frames that arrive meanwhile wait."""

    async def beat(self) -> None:
        """Show that the connection lives."""
        await self.send_frame("heartbeat", {})

    async def join(self) -> None:
        """Have everything that the group is sent from now on."""
        await hub().join(str(self._group), self.hear)
        self._joined_at = time.monotonic()

    async def rejoin(self) -> None:
        """Join once more, since the layer may have forgotten us."""
        await hub().renew(str(self._group))
        self._joined_at = time.monotonic()

    async def leave(self, group: str) -> None:
        await hub().leave(group, self.hear)

    def hear(self, message: Message) -> None:
        """Take in what the group was sent."""
        self._inbox.put(message)

    async def joined(self, _message: Message) -> None:
        """The group is heard from now on; something may have been missed before."""

    async def lagged(self, _message: Message) -> None:
        """The inbox ran over and was emptied: by default nothing can make up for that."""
        await self.close(TOO_SLOW)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Hand a well-formed message to its method; answer anything else with an error frame."""
        if self._is_closing:
            return
        if not self._may_speak():
            await self.send_error("too_fast")
            return
        message = self._parse(text_data)
        if message is None:
            await self.send_error("malformed")
            return
        method = self.messages.get(str(message.get("type")))
        if method is None:
            await self.send_error("unknown_type")
            return
        await getattr(self, method)(message)

    async def ping(self, _message: dict[str, Any]) -> None:
        await self.send_frame("pong", {})

    def _may_speak(self) -> bool:
        """Count a message; return whether there were few enough of late."""
        now = time.monotonic()
        regained = (now - self._heard_at) * MESSAGES_A_SECOND
        self._allowance = min(MESSAGES_AT_ONCE, self._allowance + regained)
        self._heard_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

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

    async def frame(self, message: Message) -> None:
        """Pass on a frame that arrived through the layer."""
        await self.send(text_data=message["text"])

    async def _attend(self) -> None:
        """Handle what is in the inbox; what fails costs one message, which numbers make up for."""
        while not self._is_closing:
            message = await self._inbox.get()
            try:
                await getattr(self, message["type"].replace(".", "_"))(message)
                self._count(message)
            except Exception as error:  # noqa: BLE001, RUF100
                logger.warning("a socket did without %s: %s", message["type"], error)

    @staticmethod
    def _count(message: Message) -> None:
        """Take the time since the change was committed; hosts must agree on the time for it."""
        if at := message.get("handed_over_at"):
            measures.BROADCAST_SECONDS.observe(max(0.0, time.time() - at))

    async def _leave_in_time(self) -> None:
        if self._stay:
            await self._stay.over()
            await self.close(UNAUTHENTICATED)

    async def _keep_beating(self) -> None:
        while not self._is_closing:
            await asyncio.sleep(self.heartbeat_seconds)
            try:  # a heart must outlive a blink of the database or of the layer
                if time.monotonic() - self._joined_at >= self.rejoin_seconds:
                    await self.rejoin()
                await self.beat()
            except Exception as error:  # noqa: BLE001, RUF100
                logger.warning("no heartbeat this time: %s", error)


class NowhereConsumer(AsyncWebsocketConsumer):
    """Answers at an address where nothing is, instead of an error in the log."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(NOT_FOUND)
