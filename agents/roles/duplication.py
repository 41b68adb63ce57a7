"""Duplication: finds what is said twice."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.duplicates import find_duplicates
from agents.roles.base import AiderAgent, RunContext
from agents.roles.patterns import matches_any

MAX_FACTS = 30


class Duplication(AiderAgent):
    role = "duplication"
    label = _("Duplication")
    writes = ("duplication.md",)
    watches = ("specifications.md", "production.md", "production/**")
    reads = ("demande.md", "management.md", "evaluation.md", "suivi.md")
    interval = 60

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Give the passages that a detector found, so that the model only has to judge them."""
        watched = {
            path: text for path, text in context.files.items() if matches_any(self.watches, path)
        }
        found = find_duplicates(watched)
        lines = [
            f"{pair.kind} duplicate: `{pair.first.path}` line {pair.first.line} and "
            f"`{pair.second.path}` line {pair.second.line}: {pair.second.text}"
            for pair in found[:MAX_FACTS]
        ]
        return [f"duplicate passages found: {len(found)}", *lines]
