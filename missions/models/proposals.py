"""Results that may not land by themselves."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from missions.models.files import Blob
from missions.models.missions import Mission


class Proposal(models.Model):
    """A run's result that waits for a person.

    States::

        OPEN → ACCEPTED | REJECTED
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("waiting")
        ACCEPTED = "ACCEPTED", _("accepted")
        REJECTED = "REJECTED", _("rejected")

    class Reason(models.TextChoices):
        OVERLAP = "OVERLAP", _("it overlaps with what a person wrote")
        SHRUNK = "SHRUNK", _("it removes most of a file")
        REVIEW = "REVIEW", _("the agent works in review mode")
        MOVED = "MOVED", _("a file was moved out of the agent's reach")

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="proposals")
    role = models.CharField(max_length=40)
    run_id = models.UUIDField(db_index=True)
    reason = models.CharField(max_length=10, choices=Reason)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"proposal {self.pk} {self.state}"


class ProposalFile(models.Model):
    """One file of a proposal: what the run started from, and what it wants (no blob: remove)."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    base_number = models.PositiveIntegerField(null=True)
    base = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "path"], name="proposal_path_once"),
        ]

    def __str__(self) -> str:
        return self.path
