"""How long somebody's socket may stay open, and how many of theirs at once.

The count is of this process: it guards the process's memory, and a process that dies takes its
sockets with it, so that no count is ever left behind.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

logger = logging.getLogger(__name__)
RECHECK_SECONDS = 45.0
LONGEST_SLEEP = 3600.0  # a clock may be set meanwhile

open_sockets: Counter[Any] = Counter()


class Stay:
    """One socket of one person, from its sign-in to the end of that.

    The scope may hold ``ends_at`` and ``still_signed_in()``, which is asked every 45 seconds.
    """

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.user_id = scope["user"].pk
        self._ends_at: datetime | None = scope.get("ends_at")
        self._is_good: Callable[[], Awaitable[bool]] | None = scope.get("still_signed_in")
        self._is_open = False

    def begin(self) -> bool:
        """Count the socket; return whether its person has few enough."""
        if open_sockets[self.user_id] >= settings.PARALLAGON_SOCKETS_PER_USER:
            return False
        open_sockets[self.user_id] += 1
        self._is_open = True
        return True

    def end(self) -> None:
        """Count the socket no more; once more does no harm."""
        if not self._is_open:
            return
        self._is_open = False
        open_sockets[self.user_id] -= 1
        if not open_sockets[self.user_id]:
            del open_sockets[self.user_id]

    async def over(self) -> None:
        """Return once the sign-in has ended: in time, revoked, signed out."""
        while (left := self._seconds_left()) > 0:
            await asyncio.sleep(min(left, RECHECK_SECONDS if self._is_good else LONGEST_SLEEP))
            if not await self._is_still_good():
                return

    def _seconds_left(self) -> float:
        if self._ends_at is None:
            return LONGEST_SLEEP
        return (self._ends_at - timezone.now()).total_seconds()

    async def _is_still_good(self) -> bool:
        try:
            return self._is_good is None or await self._is_good()
        except Exception as error:  # noqa: BLE001, RUF100 - a blink of the database ends no session
            logger.warning("whether a socket is still signed in was not to be known: %s", error)
            return True
