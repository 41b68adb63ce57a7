"""Specifications: turns the request into numbered requirements."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.coverage import requirement_numbers, section_numbers
from agents.roles.base import AiderAgent, RunContext


class Specifications(AiderAgent):
    role = "specifications"
    label = _("Specifications")
    writes = ("specifications.md",)
    watches = ("demande.md", "evaluation.md")
    reads = ("production.md",)
    interval = 15

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Say which numbers are taken: a number is never given to a second sentence."""
        files = self.known_files(context)
        used = requirement_numbers(files.get("specifications.md", ""))
        used |= section_numbers(files.get("production.md", ""))
        return [f"next free requirement number: R{max(used, default=0) + 1}"]
