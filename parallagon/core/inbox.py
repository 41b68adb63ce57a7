"""What waits to be sent to one socket: bounded, whatever its client does."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

Message = Mapping[str, Any]
LAGGED: Message = {"type": "lagged"}


class Inbox:
    """Messages in order. When too many wait, all of them go, and one says so (`LAGGED`).

    ``most`` counts messages, ``most_characters`` the texts in them.
    """

    def __init__(self, *, most: int = 512, most_characters: int = 1_000_000) -> None:
        self._most = most
        self._most_characters = most_characters
        self._messages: deque[Message] = deque()
        self._characters = 0
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message) -> None:
        """Take a message in; never waits."""
        self._characters += _length(message)
        self._messages.append(message)
        if len(self._messages) > self._most or self._characters > self._most_characters:
            self.clear()
            self._messages.append(LAGGED)
        self._arrived.set()

    def clear(self) -> None:
        """Forget what waits."""
        self._messages.clear()
        self._characters = 0

    async def get(self) -> Message:
        """Return the next message, when there is one."""
        while not self._messages:
            self._arrived.clear()
            await self._arrived.wait()
        message = self._messages.popleft()
        self._characters -= _length(message)
        return message


def _length(message: Message) -> int:
    return len(message.get("text") or "")
