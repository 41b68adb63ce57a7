"""Production: drafts what was asked for, one section a requirement."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.coverage import read_coverage
from agents.roles.base import AiderAgent, RunContext

OPEN_TASK = re.compile(r"^\s*[-*+] \[ \] .*$", re.MULTILINE)


class Production(AiderAgent):
    role = "production"
    label = _("Production")
    writes = ("production.md", "production/**")
    watches = ("specifications.md", "evaluation.md", "management.md")
    reads = ("demande.md", "duplication.md")
    interval = 20

    def watched_text(self, path: str, text: str) -> str:
        """Watch only the open tasks of the plan: ticking one is no reason to write."""
        name = self.known_name(path)
        return "\n".join(OPEN_TASK.findall(text)) if name == "management.md" else text

    def _facts(self, context: RunContext) -> Sequence[str]:
        return read_coverage(self.known_files(context)).as_facts()
