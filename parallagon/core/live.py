"""Frames to sockets: encode once, send to a group, promise nothing.

The layer may drop any frame (Channels calls itself at-most-once); the numbers of events make up
for it. This module therefore never raises into the operation that has already committed.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.serializers.json import DjangoJSONEncoder

logger = logging.getLogger(__name__)
VERSION = 1


def as_frame(
    kind: str, data: Mapping[str, Any], *, at: datetime, seq: int | None = None
) -> dict[str, Any]:
    """Return one frame: ``{"v", "type", "seq", "at", "data"}``."""
    return {"v": VERSION, "type": kind, "seq": seq, "at": at, "data": data}


def encode(kind: str, data: Mapping[str, Any], *, at: datetime, seq: int | None = None) -> str:
    """Return the text of one frame."""
    frame = as_frame(kind, data, at=at, seq=seq)
    return json.dumps(frame, cls=DjangoJSONEncoder, separators=(",", ":"), ensure_ascii=False)


def send(group: str, text: str, *, seq: int | None = None) -> None:
    """Send an encoded frame to everyone in ``group``; a layer that is down is only logged."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group, {"type": "frame", "text": text, "seq": seq})
    except Exception as error:  # whatever the layer raises, the change stands
        logger.warning("a frame to %s was not sent: %s", group, error)
