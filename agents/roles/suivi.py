"""Suivi (follow-up): keeps the journal of what happened."""

from collections.abc import Sequence
from datetime import UTC

from django.utils.translation import gettext_lazy as _

from agents.roles.base import MAX_HISTORY, AiderAgent, HistoryEntry, RunContext


class Suivi(AiderAgent):
    role = "suivi"
    label = _("Follow-up")
    writes = ("suivi.md",)
    watches = ("**",)
    is_told_of_history = True
    interval = 60

    def _facts(self, context: RunContext) -> Sequence[str]:
        """List what the others did since this agent's last run, oldest first."""
        entries = [entry for entry in context.history if entry.author != self.role]
        return [_fact(entry) for entry in entries[-MAX_HISTORY:]]


def _fact(entry: HistoryEntry) -> str:
    at = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = [at, entry.author, entry.path, f"revision {entry.revision}", entry.outcome or "saved"]
    if entry.summary:
        fields.append(entry.summary)
    return " | ".join(text.replace("|", "/") for text in fields)
