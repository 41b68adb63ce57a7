"""Results that may not land by themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from missions.models.files import Blob
from missions.models.missions import Mission
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict


class Proposal(models.Model):
    """A run's result that waits for a person; decided as a whole or file by file.

    States::

                 ┌→ ACCEPTED      every file
                 ├→ PARTLY        some files; the others were rejected, or not decided in time
        OPEN ────┼→ REJECTED      no file
                 ├→ EXPIRED       nobody decided in time
                 └→ SUPERSEDED    a newer run of the same agent proposes the same files
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("waiting")
        ACCEPTED = "ACCEPTED", _("accepted")
        PARTLY = "PARTLY", _("accepted in part")
        REJECTED = "REJECTED", _("rejected")
        EXPIRED = "EXPIRED", _("expired")
        SUPERSEDED = "SUPERSEDED", _("replaced by a newer one")

    TRANSITIONS: ClassVar[Mapping[str, frozenset[str]]] = {
        State.OPEN: frozenset(
            {State.ACCEPTED, State.PARTLY, State.REJECTED, State.EXPIRED, State.SUPERSEDED}
        ),
    }

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
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=Q(state="OPEN"), name="proposal_open"),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk} {self.state}"

    def move_to(self, state: State, *, now: datetime, user: User | None = None) -> None:
        """Change the state by one conditional update.

        Raises:
            Conflict: there is no such transition, or someone else was faster.
        """
        values = {"state": state.value, "decided_at": now, "decided_by": user}
        may = state in self.TRANSITIONS.get(self.state, ())
        if not may or not Proposal.objects.filter(pk=self.pk, state=self.state).update(**values):
            raise Conflict(str(_("Someone else has just decided this.")), proposal=self.pk)
        for name, value in values.items():
            setattr(self, name, value)


class ProposalFile(models.Model):
    """One file of a proposal: what the run started from, and what it wants (no blob: remove).

    States::

        OPEN → ACCEPTED | REJECTED | EXPIRED | SUPERSEDED
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("waiting")
        ACCEPTED = "ACCEPTED", _("accepted")
        REJECTED = "REJECTED", _("rejected")
        EXPIRED = "EXPIRED", _("expired")
        SUPERSEDED = "SUPERSEDED", _("replaced by a newer one")

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    base_number = models.PositiveIntegerField(null=True)
    base = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["path"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "path"], name="proposal_path_once"),
        ]

    def __str__(self) -> str:
        return self.path
