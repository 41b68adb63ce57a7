"""One ear a group and process: all who listen share a subscription and the text of each frame.

The layer hands a process each message once; the hub hands it on to everyone there. Without the
layer nothing is heard, and it is tried again: numbers tell listeners what they missed.
"""

import asyncio
import contextlib
import logging
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

Message = Mapping[str, Any]
Hear = Callable[[Message], None]
PATIENCE_SECONDS = 2.0
JOINED: Message = {"type": "joined"}


class Ear:
    """A subscription to one group, kept up until it is closed."""

    RETRY_SECONDS = 1.0

    def __init__(self, group: str, hear: Hear) -> None:
        self._group = group
        self._hear = hear
        self._is_joined = asyncio.Event()
        self._task = asyncio.create_task(self._listen())

    async def joined(self, *, within: float) -> bool:
        """Wait until messages are heard; return whether they are."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_joined.wait(), within)
        return self._is_joined.is_set()

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except Exception as error:  # noqa: BLE001, RUF100 - whatever the layer raises
                logger.warning("%s is not heard for a moment: %s", self._group, error)
                self._is_joined.clear()
                await asyncio.sleep(self.RETRY_SECONDS)

    async def _listen_once(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            await layer.group_add(self._group, channel)
            self._is_joined.set()
            self._hear(JOINED)
            while True:
                self._hear(await layer.receive(channel))
        finally:
            with contextlib.suppress(Exception):
                await layer.group_discard(self._group, channel)


class Hub:
    """Everyone who listens in one event loop, by group.

    A listener is called in the loop, one message after the other; it must not wait nor raise.
    `JOINED` says that messages are heard from now on, after a time in which they may have been
    lost.
    """

    RENEWED_AT_MOST_EVERY = 5.0

    def __init__(self) -> None:
        self._ears: dict[str, Ear] = {}
        self._listeners: dict[str, dict[Hear, None]] = {}
        self._renewed_at: dict[str, float] = {}

    async def join(self, group: str, hear: Hear, *, within: float = PATIENCE_SECONDS) -> bool:
        """Let ``hear`` have every message to ``group``; return whether any can be heard now.

        Waits up to ``within`` seconds for the subscription, which is tried for in any case.
        """
        self._listeners.setdefault(group, {})[hear] = None
        if group not in self._ears:
            self._ears[group] = self._ear(group)
        return await self._ears[group].joined(within=within)

    async def leave(self, group: str, hear: Hear) -> None:
        """End what `join` began; the last one ends the subscription."""
        listeners = self._listeners.get(group, {})
        listeners.pop(hear, None)
        if listeners or group not in self._ears:
            return
        self._listeners.pop(group, None)
        self._renewed_at.pop(group, None)
        await self._ears.pop(group).close()

    async def renew(self, group: str) -> None:
        """Subscribe once more: the layer seems to have forgotten the group.

        The old subscription ends when there is a new one, so nothing is missed in between. However
        many listeners ask, it is done once in a while.
        """
        now = asyncio.get_running_loop().time()
        is_recent = now - self._renewed_at.get(group, -now) < self.RENEWED_AT_MOST_EVERY
        if group not in self._ears or is_recent:
            return
        self._renewed_at[group] = now
        old, new = self._ears[group], self._ear(group)
        self._ears[group] = new
        await new.joined(within=PATIENCE_SECONDS)
        await old.close()

    def listeners(self, group: str) -> int:
        """Return how many listen to ``group``."""
        return len(self._listeners.get(group, {}))

    def _ear(self, group: str) -> Ear:
        return Ear(group, lambda message: self._hand_on(group, message))

    def _hand_on(self, group: str, message: Message) -> None:
        for hear in tuple(self._listeners.get(group, ())):
            hear(message)


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """Return the hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
