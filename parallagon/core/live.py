"""Frames to sockets: encode once, send to a group, promise nothing.

The layer may drop any frame (Channels calls itself at-most-once); the numbers of events make up
for it. This module therefore never raises into the operation that has already committed.
"""

import asyncio
import functools
import json
import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.core.serializers.json import DjangoJSONEncoder

from parallagon.core import measures, telemetry

logger = logging.getLogger(__name__)
VERSION = 1
_HEAD = f'{{"v":{VERSION},'


def as_frame(
    kind: str, data: Mapping[str, Any], *, at: datetime, seq: int | None = None
) -> dict[str, Any]:
    """Return one frame: ``{"v", "type", "seq", "at", "data"}``."""
    return {"v": VERSION, "type": kind, "seq": seq, "at": at, "data": data}


def encode(kind: str, data: Mapping[str, Any], *, at: datetime, seq: int | None = None) -> str:
    """Return the text of one frame."""
    frame = as_frame(kind, data, at=at, seq=seq)
    return json.dumps(frame, cls=DjangoJSONEncoder, separators=(",", ":"), ensure_ascii=False)


def covering(text: str, first: int) -> str:
    """Return the text of a frame that stands for all numbers from ``first`` to its own."""
    return f'{_HEAD}"covers":{first},{text.removeprefix(_HEAD)}'


def send(group: str, text: str, *, seq: int | None = None) -> None:
    """Send an encoded frame to everyone in ``group``, soon; a layer that is down is only logged."""
    _hand_over(group, {"type": "frame", "text": text, "seq": seq}, is_traced=seq is not None)


def signal(group: str, kind: str) -> None:
    """Call the method of that name (dots read as underscores) of every consumer in ``group``."""
    _hand_over(group, {"type": kind})


def _hand_over(group: str, message: Mapping[str, Any], *, is_traced: bool = False) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    trace = telemetry.carried() if is_traced else None
    message = {**message, "handed_over_at": time.time()}
    if isinstance(layer, InMemoryChannelLayer):
        # Its queues belong to the loop of those who listen in this very process.
        async_to_sync(_deliver)(layer, group, message, trace)
    else:
        _courier().hand_over(layer, group, message, trace)


async def _deliver(layer: Any, group: str, message: Mapping[str, Any], trace: object) -> None:
    with telemetry.resumed(trace, "broadcast", {"group": group, "seq": message.get("seq")}):
        try:
            await layer.group_send(group, message)
        except Exception as error:  # whatever the layer raises, the change stands
            measures.FRAMES_LOST.labels("layer").inc()
            logger.warning("a frame to %s was not sent: %s", group, error)


class Courier:
    """Delivers frames in order from a thread with a loop of its own.

    Whoever has committed a change does not wait for the layer, and its connections are kept, where
    `async_to_sync` would open a loop and a connection a frame. When the layer is too slow, frames
    are dropped: clients see the gap in the numbers.
    """

    MOST_WAITING = 5000

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._frames: asyncio.Queue[tuple[Any, str, Mapping[str, Any], object]] = asyncio.Queue()
        threading.Thread(target=self._work, name="live-courier", daemon=True).start()

    def hand_over(self, layer: Any, group: str, message: Mapping[str, Any], trace: object) -> None:
        """Queue one frame; never waits."""
        if self._frames.qsize() < self.MOST_WAITING:
            self._loop.call_soon_threadsafe(self._frames.put_nowait, (layer, group, message, trace))
        else:
            measures.FRAMES_LOST.labels("full").inc()

    def _work(self) -> None:
        self._loop.run_until_complete(self._deliver_all())

    async def _deliver_all(self) -> None:
        while True:
            await _deliver(*await self._frames.get())


@functools.cache
def _courier() -> Courier:
    return Courier()
