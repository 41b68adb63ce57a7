"""Missions and who may do what in them."""

import unicodedata
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from parallagon.accounts.models import User
from parallagon.core.errors import Conflict

LONGEST_KEY = 400


class MissionQuerySet(models.QuerySet["Mission"]):
    def kept(self) -> "MissionQuerySet":
        """Leave out the missions that were deleted."""
        return self.exclude(state=Mission.State.DELETED)

    def titled(self, words: str) -> "MissionQuerySet":
        """Keep the missions whose title holds every one of ``words``, whatever case or accents."""
        found = self
        for word in title_key(words).split():
            found = found.filter(title_key__contains=word)
        return found


def title_key(title: str) -> str:
    """Return ``title`` without case and accents: what a search compares on every database."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", title).casefold())
    return "".join(sign for sign in folded if not unicodedata.combining(sign))[:LONGEST_KEY]


class Mission(models.Model):
    """A folder of text files with a title, an owner, members and a language.

    States::

        ACTIVE ⇄ ARCHIVED        archive, restore
           ▲        ▲
           └──┬─────┘            delete; restore goes back to where it was
              ▼
           DELETED ─▶ (purged)   after PARALLAGON_DELETED_DAYS nothing is left of it

    A deleted mission is hidden from everyone; its owners can list and restore it.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("active")
        ARCHIVED = "ARCHIVED", _("archived")
        DELETED = "DELETED", _("deleted")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.ACTIVE: {State.ARCHIVED, State.DELETED},
        State.ARCHIVED: {State.ACTIVE, State.DELETED},
        State.DELETED: {State.ACTIVE, State.ARCHIVED},
    }

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        FRENCH = "fr", "Français"

    title = models.CharField(max_length=200)
    title_key = models.CharField(max_length=LONGEST_KEY, editable=False, default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_missions"
    )
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    model = models.CharField(max_length=200, help_text=_("the model its agents use by default"))
    folder = models.CharField(
        max_length=500,
        blank=True,
        help_text=_("outside the data directory; empty: a folder of its own there"),
    )
    is_demo = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text=_("grows with every change of its settings or state")
    )
    seq = models.BigIntegerField(default=0, help_text=_("number of the last event"))
    fence = models.BigIntegerField(default=0, help_text=_("last fencing token given to a lease"))
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MissionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["folder"], condition=~models.Q(folder=""), name="folder_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["deleted_at"],
                condition=models.Q(deleted_at__isnull=False),
                name="mission_deleted",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **options: Any) -> None:
        """Keep ``title_key`` true."""
        self.title_key = title_key(self.title)
        fields = options.get("update_fields")
        if fields is not None and "title" in fields:
            options["update_fields"] = {*fields, "title_key"}
        super().save(*args, **options)

    def move_to(self, state: str, *, user: User, now: datetime) -> None:
        """Change the state by one conditional update, and remember who did it.

        Raises:
            Conflict: the table has no such transition, or someone else moved it first.
        """
        if state not in self.TRANSITIONS[self.state]:
            raise self._is_already()
        deleted_at = now if state == self.State.DELETED else None
        unmoved = Mission.objects.filter(pk=self.pk, state=self.state)
        if not unmoved.update(
            state=state, deleted_at=deleted_at, version=models.F("version") + 1, updated_at=now
        ):
            self.refresh_from_db(fields=["state"])
            raise self._is_already()
        self.transitions.create(before=self.state, after=state, user=user, at=now)
        self.refresh_from_db()

    def _is_already(self) -> Conflict:
        sentence = gettext("This mission is %(state)s already.") % {
            "state": self.get_state_display()
        }
        return Conflict(sentence, state=self.state)


class MissionTransition(models.Model):
    """One step in the life of a mission; append-only."""

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="transitions")
    before = models.CharField(max_length=10, choices=Mission.State)
    after = models.CharField(max_length=10, choices=Mission.State)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class Membership(models.Model):
    """What a person may do in a mission."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        EDITOR = "editor", _("editor")
        VIEWER = "viewer", _("viewer")

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mission", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.mission_id}"

    @property
    def may_write(self) -> bool:
        return self.role in {self.Role.OWNER, self.Role.EDITOR}
