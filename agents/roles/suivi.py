"""Suivi (follow-up): keeps the journal of what happened."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agents.roles.base import AiderAgent, HistoryEntry, RunContext


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
        lost = [f"events before these that are no longer known: {context.forgotten}"]
        return [*(lost if context.forgotten else []), *map(_fact, entries)]


def _fact(entry: HistoryEntry) -> str:
    fields = [
        f"{_time(entry.at)}",
        entry.author,
        entry.path,
        f"revision {entry.revision}",
        entry.outcome or "saved",
    ]
    if details := ", ".join(_details(entry)):
        fields.append(details)
    return " | ".join(text.replace("|", "/") for text in fields)


def _details(entry: HistoryEntry) -> Iterator[str]:
    """Yield in the mission's language what there is to say beyond who, what and when."""
    if entry.since:
        values = {"count": entry.count, "since": entry.since.astimezone(UTC).strftime("%H:%M")}
        yield gettext("%(count)s times since %(since)s") % values
    if entry.outcome == "moved":
        yield gettext("before: %(path)s") % {"path": entry.summary}
    elif entry.summary:
        yield entry.summary
    if entry.added or entry.removed:
        yield f"+{entry.added} −{entry.removed}"
    if entry.sections:
        names = " ; ".join(entry.sections)
        yield gettext("under “%(sections)s”") % {"sections": names}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
