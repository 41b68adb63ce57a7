"""An invitation to take part in a mission."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from missions.models.missions import Membership, Mission

TRY_AGAIN = timedelta(minutes=2)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> "InvitationQuerySet":
        """Return the invitations that somebody may still accept."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)

    def to_send(self, now: datetime) -> "InvitationQuerySet":
        """Return those that wait for the mail, and were not tried a moment ago."""
        is_due = Q(tried_at=None) | Q(tried_at__lte=now - TRY_AGAIN)
        return self.open(now).filter(is_due, sent_at=None).exclude(email="")


class Invitation(models.Model):
    """A place in a mission for whoever holds a secret, of which a digest is kept.

    One that goes by e-mail has no secret until it is sent; ``base`` is where it will be opened.
    """

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Membership.Role)
    email = models.EmailField(blank=True)
    digest = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 - unique
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    base = models.CharField(max_length=300, blank=True)
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["mission", "expires_at"], name="invitation_open"),
        ]

    def __str__(self) -> str:
        return f"to {self.mission_id} as {self.role}"
