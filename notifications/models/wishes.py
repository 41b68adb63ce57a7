"""What each person wants to be told, and where."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """A way to a person. The first two need no address: they end in the person's own tabs."""

    IN_APP = "in_app", _("in Parallagon")
    BROWSER = "browser", _("browser, while a tab is open")
    EMAIL = "email", _("e-mail")
    SLACK = "slack", _("Slack")
    WEBHOOK = "webhook", _("webhook")


class Preference(models.Model):
    """One person's word on one type over one channel; without a row the registry decides."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    type = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel)
    is_on = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "type", "channel"], name="preference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.type} over {self.channel}: {self.is_on}"


class Target(models.Model):
    """Where a channel leads for one person.

    Addresses of Slack and webhooks let whoever has them write there, so address and secret are
    kept encrypted (``notifications/sealing.py``), and leave neither by the API nor in a log.
    """

    EXTERNAL: ClassVar = (Channel.EMAIL, Channel.SLACK, Channel.WEBHOOK)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_targets"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    sealed_address = models.TextField()
    sealed_secret = models.TextField(blank=True)
    hint = models.CharField(max_length=300, help_text=_("what may be shown of the address"))
    is_on = models.BooleanField(default=True)
    last_error = models.CharField(max_length=300, blank=True)
    failed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "channel"], name="target_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.user_id}"
