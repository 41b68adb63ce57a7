"""The live overview: a whole one first, then what changed, at most once a second."""

import asyncio
import logging
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from django.utils import timezone

from parallagon.accounts.models import User
from parallagon.core.consumers import FORBIDDEN, BaseConsumer
from parallagon.overview.api import OverviewSerializer
from parallagon.overview.snapshot import overview

logger = logging.getLogger(__name__)


class OverviewConsumer(BaseConsumer):
    """``ws/v1/overview/``: ``overview`` with everything, then ``overview.changed``.

    A part that changed comes whole. Nobody looks anything up while nobody watches, and all who
    watch share one look a second.
    """

    refresh_seconds: ClassVar[float] = 1
    _shown: dict[str, Any]

    async def connect(self) -> None:
        await super().connect()
        if self._tasks:
            self._tasks = (*self._tasks, asyncio.create_task(self._keep_looking()))

    async def authorize(self) -> int | None:
        return None

    def group(self) -> str:
        return f"overview.{self.scope['user'].pk}"

    async def welcome(self) -> None:
        self._shown = await self._look() or {}
        await self.send_frame("overview", self._shown)

    async def _keep_looking(self) -> None:
        while not self._is_closing:
            await asyncio.sleep(self.refresh_seconds)
            try:  # who watches must outlive a blink of the database
                await self._refresh()
            except Exception as error:  # noqa: BLE001, RUF100
                logger.warning("no overview this time: %s", error)

    async def _refresh(self) -> None:
        fresh = await self._look()
        if fresh is None:
            await self.close(FORBIDDEN)
            return
        changed = {name: part for name, part in fresh.items() if part != self._shown.get(name)}
        self._shown = fresh
        if changed:
            await self.send_frame("overview.changed", changed)

    async def _look(self) -> dict[str, Any] | None:
        """Return what the person may see now; ``None`` for one who may not sign in any more."""
        found: dict[str, Any] | None = await database_sync_to_async(seen_by)(self.scope["user"].pk)
        return found


def seen_by(user_id: int) -> dict[str, Any] | None:
    """Return the overview as a frame holds it; ``None`` for who may not sign in any more."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    return dict(OverviewSerializer(overview(user=user, now=timezone.now())).data)
