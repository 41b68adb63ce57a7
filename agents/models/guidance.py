"""What people tell agents: instructions for a next run, and the versions of a prompt."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models.agents import Agent
from agents.models.runs import AgentRun


class Instructions(models.QuerySet["Instruction"]):
    def unread(self) -> "Instructions":
        """Keep those that no run has taken in yet, the oldest first."""
        return self.filter(read_at=None).order_by("pk")


class Instruction(models.Model):
    """What a person asks of an agent's next run.

    A run is shown all that are unread when it begins (``run``); they are read once it has ended
    with a result. One that failed, or was changed meanwhile, is shown to the next run again.
    """

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="instructions")
    text = models.TextField()
    version = models.PositiveIntegerField(default=1, help_text=_("of its text"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    run = models.ForeignKey(
        AgentRun,
        on_delete=models.SET_NULL,
        null=True,
        related_name="instructions",
        help_text=_("the last one that was shown it"),
    )
    read_at = models.DateTimeField(null=True, help_text=_("when that run had a result"))

    objects = Instructions.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"instruction {self.pk}"


class PromptVersion(models.Model):
    """One text that an agent had for a prompt; append-only. Empty: the one that the role ships."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="prompt_versions")
    number = models.PositiveIntegerField(help_text=_("within its agent, from 1"))
    text = models.TextField(blank=True, help_text=_("empty: the one that the role ships"))
    note = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agent", "number"], name="prompt_version_once"),
        ]

    def __str__(self) -> str:
        return f"prompt {self.number} of agent {self.agent_id}"
