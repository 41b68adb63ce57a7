"""Duplication: finds what is said twice."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from agents.likeness import Finding, Place, find_repetitions
from agents.roles.base import AiderAgent, RunContext
from agents.roles.patterns import matches_any

MAX_FACTS = 40
HEADING_LENGTH = 60
EXCERPT_WORDS = 18
EXCERPT_LENGTH = 160


class Duplication(AiderAgent):
    role = "duplication"
    label = _("Duplication")
    writes = ("duplication.md",)
    watches = ("specifications.md", "production.md", "production/**")
    reads = ("demande.md", "management.md", "evaluation.md", "suivi.md")
    interval = 60

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Give the passages that a program found, so that the model only has to judge them."""
        patterns = self.list_files().watches
        watched = {
            path: text for path, text in context.files.items() if matches_any(patterns, path)
        }
        report = find_repetitions(watched)
        found = report.findings
        left = len(found) - MAX_FACTS
        return [
            f"repetitions found: {len(found)}",
            *(f"repetition | {_fact(finding)}" for finding in found[:MAX_FACTS]),
            *([f"repetitions not listed here: {left}"] if left > 0 else []),
            *report.notes,
        ]


def _fact(finding: Finding) -> str:
    """Return one finding as fields: kind, percentage, two places, first words."""
    words = finding.text.split()
    excerpt = " ".join(words[:EXCERPT_WORDS])[:EXCERPT_LENGTH]
    if excerpt != " ".join(words):
        excerpt += "…"
    return " | ".join(
        [
            finding.kind,
            f"{finding.percent} %",
            *_place(finding.first),
            *_place(finding.second),
            _field(excerpt),
        ]
    )


def _place(place: Place) -> tuple[str, str]:
    return f"`{place.path}` line {place.line}", _field(place.heading[:HEADING_LENGTH]) or "-"


def _field(text: str) -> str:
    return text.replace("|", "/").strip()
