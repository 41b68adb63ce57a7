"""What the sockets of a person are told, and the numbers that make up for lost frames."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction

from notifications.messages import words
from notifications.models import Channel, Inbox, Notification
from parallagon.core import live


def group(user_id: int) -> str:
    """Return the name of the group of a person's tabs."""
    return f"notifications.{user_id}"


def next_number(user_id: int) -> int:
    """Raise the person's counter; its row stays locked until the transaction ends."""
    Inbox.objects.get_or_create(user_id=user_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_inbox SET seq = seq + 1 WHERE user_id = %s RETURNING seq",
            [user_id],
        )
        return int(cursor.fetchone()[0])


def shown(
    notification: Notification, *, language: str, channels: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a message as its reader sees it; ``channels`` says whether the browser shows it."""
    said = words(notification, language=language)
    return {
        "id": notification.pk,
        "type": notification.type,
        "level": notification.level,
        "priority": Notification.Priority(notification.priority).name.lower(),
        "title": said.title,
        "body": said.body,
        "mission": notification.mission_id,
        "link": notification.link,
        "count": notification.count,
        "created_at": notification.created_at,
        "repeated_at": notification.repeated_at,
        "expires_at": notification.expires_at,
        "read_at": notification.read_at,
        "is_shown": notification.is_shown,
        "push": Channel.BROWSER in channels,
    }


def created(
    notification: Notification, *, unread: int, language: str, channels: Sequence[str]
) -> str:
    """Return the frame of a message that is new, or was told again."""
    data = {
        "notification": shown(notification, language=language, channels=channels),
        "unread": unread,
    }
    return live.encode(
        "notification.created", data, at=notification.repeated_at, seq=notification.seq
    )


def read(ids: Sequence[int], *, unread: int, seq: int, at: datetime) -> str:
    """Return the frame that says which messages were read."""
    data = {"ids": list(ids), "unread": unread}
    return live.encode("notification.read", data, at=at, seq=seq)


def send_on_commit(user_id: int, text: str, *, seq: int) -> None:
    """Send a frame to the person's tabs once the transaction has committed."""
    transaction.on_commit(partial(live.send, group(user_id), text, seq=seq))
