"""Management: keeps the list of tasks and an eye on the team."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.coverage import read_coverage
from agents.roles.base import AiderAgent, RunContext


class Management(AiderAgent):
    role = "management"
    label = _("Management")
    writes = ("management.md",)
    watches = ("demande.md", "specifications.md", "production.md", "evaluation.md")
    reads = ("suivi.md",)
    is_told_of_team = True
    interval = 30

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Say where the work stands and how the other agents are."""
        team = [
            f"agent {member.role}: {member.state}, last outcome {member.last_outcome or 'none'}"
            for member in context.team
            if member.role != self.role
        ]
        return [*read_coverage(self.known_files(context)).as_facts(), *team]
