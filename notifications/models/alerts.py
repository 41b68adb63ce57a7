"""What is watched over, and what came of it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from missions.models import Mission
from notifications.models.notifications import Notification


class AlertRule(models.Model):
    """One measure that is watched, for the installation or for one mission, and how it stands.

    States::

                  ┌─────────────── back below ───────────────┐
                  ▼                                          │
                 OK ──── beyond its threshold ────▶ PENDING ─┘
                  ▲                                    │ for the whole window,
                  │                                    ▼ and the cool-down is over
               CLEARED ◀──── back beyond ``clear_at`` ──── FIRING

    From any but FIRING it goes to NO_ANSWER when what is measured cannot be asked; that is not
    fine either: after a while it fires too. What fires goes on until there is an answer.
    """

    class State(models.TextChoices):
        OK = "OK", _("fine")
        PENDING = "PENDING", _("beyond, not for long enough yet")
        FIRING = "FIRING", _("alert")
        CLEARED = "CLEARED", _("over, and quiet for a while")
        NO_ANSWER = "NO_ANSWER", _("no answer")

    class Comparison(models.TextChoices):
        ABOVE = "above", _("at or above")
        BELOW = "below", _("at or below")

    class Window(models.IntegerChoices):
        """A few lengths only: what is counted is asked for once for each, not for each rule."""

        AT_ONCE = 0, _("at once")
        MINUTE = 60, _("a minute")
        FIVE_MINUTES = 300, _("5 minutes")
        QUARTER = 900, _("15 minutes")
        HOUR = 3600, _("an hour")
        SIX_HOURS = 21600, _("6 hours")
        DAY = 86400, _("a day")

    mission = models.ForeignKey(
        Mission,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="alert_rules",
        help_text=_("empty: the installation as a whole"),
    )
    measure = models.CharField(max_length=40)
    name = models.CharField(max_length=100, blank=True, help_text=_("empty: as the measure"))
    comparison = models.CharField(max_length=5, choices=Comparison, default=Comparison.ABOVE)
    threshold = models.FloatField()
    clear_at = models.FloatField(
        null=True, blank=True, help_text=_("it is over here; empty: at the threshold")
    )
    window = models.PositiveIntegerField(choices=Window, default=Window.FIVE_MINUTES)
    cool_down = models.PositiveIntegerField(
        default=900, help_text=_("seconds after its end in which it does not fire again")
    )
    level = models.CharField(
        max_length=10, choices=Notification.Level, default=Notification.Level.ERROR
    )
    channels = models.JSONField(
        default=list, blank=True, help_text=_("empty: as each person has chosen")
    )
    is_on = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    state = models.CharField(max_length=10, choices=State, default=State.OK)
    state_changed_at = models.DateTimeField()
    breached_since = models.DateTimeField(null=True)
    silent_since = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(
        default=1, help_text=_("grows with every change: of two who look, one moves it")
    )

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.name or self.measure


class Alert(models.Model):
    """One time that a rule fired, from its beginning to its end.

    Why is kept as parameters of the measure's words, which are made when somebody reads them.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, null=True, related_name="alerts")
    measure = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Notification.Level)
    value = models.FloatField(null=True, help_text=_("when it fired; empty: no answer"))
    params = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True)
    fired_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule"], condition=Q(cleared_at=None), name="alert_once_while_it_lasts"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mission", "-id"], name="alert_by_mission"),
            models.Index(fields=["cleared_at"], name="alert_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} at {self.fired_at}"


class AlertWatch(models.Model):
    """When somebody last looked at all rules: whoever moves it looks next (one row)."""

    looked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "alert watches"

    def __str__(self) -> str:
        return f"looked at {self.looked_at}"
