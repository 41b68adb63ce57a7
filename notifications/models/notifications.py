"""Messages for people, and how far everyone has got."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from missions.models import Mission


class NotificationQuerySet(models.QuerySet["Notification"]):
    """The messages of people."""

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at=None)

    def shown(self, *, now: datetime) -> "NotificationQuerySet":
        """Leave out what is of no use any more, and what a person wanted elsewhere only."""
        return self.filter(is_shown=True).filter(Q(expires_at=None) | Q(expires_at__gt=now))


class Notification(models.Model):
    """One message for one person.

    Its words come from the registry (``notifications/messages.py``) when somebody reads them, in
    that person's language. While it is unread, the same again (``dedupe_key``) only counts up.
    ``seq`` is the number that the person's inbox had when it was last told, repeated or read.
    """

    class Level(models.TextChoices):
        INFO = "info", _("information")
        SUCCESS = "success", _("success")
        WARNING = "warning", _("warning")
        ERROR = "error", _("error")

    class Priority(models.IntegerChoices):
        LOW = 0, _("low")
        NORMAL = 1, _("normal")
        URGENT = 2, _("urgent")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    mission = models.ForeignKey(
        Mission, on_delete=models.CASCADE, null=True, related_name="notifications"
    )
    type = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Level)
    priority = models.PositiveSmallIntegerField(choices=Priority)
    params = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True)
    dedupe_key = models.CharField(max_length=200, blank=True)
    count = models.PositiveIntegerField(default=1)
    is_shown = models.BooleanField(default=True, help_text=_("wanted in Parallagon too"))
    seq = models.BigIntegerField()
    created_at = models.DateTimeField()
    repeated_at = models.DateTimeField(help_text=_("when it was told last"))
    expires_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "type", "dedupe_key"],
                condition=Q(read_at=None) & ~Q(dedupe_key=""),
                name="notification_once_while_unread",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "seq"], name="notification_seq"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notification_unread"),
            models.Index(fields=["type", "dedupe_key"], name="notification_key"),
            models.Index(fields=["repeated_at"], name="notification_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} for {self.user_id}"

    def is_valid(self, *, now: datetime) -> bool:
        """Tell whether it is still of use."""
        return self.expires_at is None or self.expires_at > now


class Inbox(models.Model):
    """The counter of one person's messages; its row's lock makes number order commit order."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="inbox"
    )
    seq = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "inboxes"

    def __str__(self) -> str:
        return f"inbox of {self.user_id}"


class Cursor(models.Model):
    """Up to which of a mission's events people have been told."""

    mission = models.OneToOneField(
        Mission, on_delete=models.CASCADE, related_name="notification_cursor"
    )
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"mission {self.mission_id} up to {self.seq}"
