"""Evaluation: says what the production covers and what it lacks."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.coverage import read_coverage
from agents.roles.base import AiderAgent, RunContext


class Evaluation(AiderAgent):
    role = "evaluation"
    label = _("Evaluation")
    writes = ("evaluation.md",)
    watches = ("specifications.md", "production.md", "production/**")
    reads = ("demande.md", "duplication.md")
    interval = 30

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Give the counts that a program can check, so that no model has to count."""
        return read_coverage(self.known_files(context)).as_facts()
