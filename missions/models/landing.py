"""The write-ahead record of a landing, and the lease of a run."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from missions.models.missions import Mission


class LandingRecord(models.Model):
    """What a landing is about to put in the folder; OPEN until every rename is done.

    ``entries`` is a list of ``{"path", "before", "after"}`` with hashes, ``None`` for no file.
    Once the record is committed the change *has* landed; whoever comes next finishes the renames.

    States::

        OPEN → DONE
    """

    class State(models.TextChoices):
        OPEN = "OPEN"
        DONE = "DONE"

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="landings")
    state = models.CharField(max_length=4, choices=State, default=State.OPEN)
    entries = models.JSONField()
    run_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["mission"], condition=Q(state="OPEN"), name="landing_open"),
        ]

    def __str__(self) -> str:
        return f"landing {self.pk} {self.state}"


class Lease(models.Model):
    """A run's exclusive right to the files that match ``patterns``, against other agents only.

    ``token`` grows with every lease of the mission; a landing with an older one is refused.
    """

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="leases")
    role = models.CharField(max_length=40)
    run_id = models.UUIDField(unique=True)
    patterns = models.JSONField()
    token = models.BigIntegerField()
    taken_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mission", "role"],
                condition=Q(released_at__isnull=True),
                name="lease_once_a_role",
            ),
            models.UniqueConstraint(fields=["mission", "token"], name="lease_token_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.token}"
