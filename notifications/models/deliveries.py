"""Messages on their way out of Parallagon."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models.notifications import Notification
from notifications.models.wishes import Channel


class Delivery(models.Model):
    """One message over one channel.

    States::

                  ┌────── failed, or its sender died: tried again ──────┐
                  ▼                                                     │
        QUEUED ──────────▶ SENDING ──▶ SENT                             │
          │                  ├──────────────────────────────────────────┘
          │                  └──▶ FAILED     refused for good, or too often
          └──▶ EXPIRED   of no use any more: too late, or read meanwhile

    Several that go together share ``batch``, which stays the same when they are tried again: it is
    the id by which a receiver knows what it has had already.
    """

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("waiting")
        SENDING = "SENDING", _("being sent")
        SENT = "SENT", _("sent")
        FAILED = "FAILED", _("failed")
        EXPIRED = "EXPIRED", _("expired")

    TRANSITIONS: ClassVar[Mapping[str, frozenset[str]]] = {
        State.QUEUED: frozenset({State.SENDING, State.EXPIRED}),
        State.SENDING: frozenset({State.SENT, State.FAILED, State.QUEUED}),
        State.SENT: frozenset(),
        State.FAILED: frozenset(),
        State.EXPIRED: frozenset(),
    }

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    batch = models.UUIDField(null=True, db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["QUEUED", "SENDING"]),
                name="delivery_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"
