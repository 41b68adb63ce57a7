"""Missions and who may do what in them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MissionQuerySet(models.QuerySet["Mission"]):
    def visible_to(self, user_id: int) -> "MissionQuerySet":
        """Keep the missions of which the user is a member."""
        return self.filter(memberships__user_id=user_id)


class Mission(models.Model):
    """A folder of text files with a title, an owner, members and a language.

    States::

        ACTIVE ⇄ ARCHIVED
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("active")
        ARCHIVED = "ARCHIVED", _("archived")

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        FRENCH = "fr", "Français"

    title = models.CharField(max_length=200)
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
    seq = models.BigIntegerField(default=0, help_text=_("number of the last event"))
    fence = models.BigIntegerField(default=0, help_text=_("last fencing token given to a lease"))
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MissionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.title


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
