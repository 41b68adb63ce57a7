"""An application for `test_server.py`: floods whoever connects, and says how that ended."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parallagon.settings.test")
django.setup()

from parallagon.accounts.models import User  # noqa: E402 - needs the apps
from parallagon.core.consumers import BaseConsumer  # noqa: E402

FRAME = "x" * 100_000


class Flood(BaseConsumer):
    """Sends until it may not; prints the number of frames and the code with which it closed."""

    patience_seconds = 1

    async def authorize(self) -> int | None:
        return None

    def group(self) -> str:
        return "flood"

    async def welcome(self) -> None:
        count = 0
        while not self._is_closing:
            await self.send(text_data=FRAME)
            count += 1
        print("flooded", count, flush=True)  # noqa: T201 - what the test waits for

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        print("closed", code, flush=True)  # noqa: T201
        await super().close(code, reason)


async def application(scope: Any, receive: Any, send: Any) -> None:
    await Flood.as_asgi()({**scope, "user": User(pk=1)}, receive, send)


print("loaded", flush=True)  # noqa: T201
