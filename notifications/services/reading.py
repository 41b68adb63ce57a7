"""What a person has read."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from notifications import frames, selectors
from notifications.models import Notification
from parallagon.accounts.models import User
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class MarkRead(BaseService[Notification]):
    """Note that a person has read a message; once more changes nothing."""

    operation = "notifications.read"
    notification: Notification
    now: datetime

    def _perform(self) -> Notification:
        rows = Notification.objects.filter(pk=self.notification.pk)
        with transaction.atomic():
            mark_read(rows, user_id=self.notification.user_id, now=self.now)
        self.notification.refresh_from_db()
        return self.notification


@dataclass(frozen=True, kw_only=True)
class MarkAllRead(BaseService[int]):
    """Note that a person has read everything up to a message; return how many were unread.

    What was told after ``until`` stays unread: the person has not seen it.
    """

    operation = "notifications.read_all"
    user: User
    now: datetime
    until: int | None = None

    def _perform(self) -> int:
        rows = Notification.objects.filter(user=self.user)
        if self.until is not None:
            rows = rows.filter(pk__lte=self.until)
        with transaction.atomic():
            return len(mark_read(rows, user_id=self.user.pk, now=self.now))


def mark_read(rows: QuerySet[Notification], *, user_id: int, now: datetime) -> list[int]:
    """Mark what is unread of one person's messages and tell their tabs; in a transaction."""
    unread = rows.filter(read_at=None)
    if not unread.exists():
        return []
    seq = frames.next_number(user_id)
    ids = list(unread.order_by("pk").values_list("pk", flat=True))
    Notification.objects.filter(pk__in=ids).update(read_at=now, seq=seq)
    left = selectors.unread_count(user_id=user_id, now=now)
    frames.send_on_commit(user_id, frames.read(ids, unread=left, seq=seq, at=now), seq=seq)
    return ids
