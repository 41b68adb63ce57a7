"""Management: keeps the list of tasks and an eye on the team."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext_lazy as _

from agents.gateway.offline.coverage import read_coverage
from agents.reading.bounds import within_bounds
from agents.reading.questions import open_questions
from agents.roles.base import AiderAgent, RunContext, TeamMember
from agents.roles.patterns import overlap

AT_WORK = frozenset({"IDLE", "QUEUED", "RUNNING", "SETTLED"})
MAX_QUESTIONS = 20


class Management(AiderAgent):
    role = "management"
    label = _("Management")
    writes = ("management.md",)
    watches = ("demande.md", "specifications.md", "production.md", "evaluation.md")
    reads = ("suivi.md",)
    is_told_of_team = True
    interval = 30

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Say where the work stands, how the other agents are, and what waits for whom."""
        others = [member for member in context.team if member.role != self.role]
        return [
            *read_coverage(self.known_files(context)).as_facts(),
            *map(_member, others),
            *_held_up(others),
            *self._questions(context),
            *context.situation,
        ]

    def _questions(self, context: RunContext) -> Iterator[str]:
        """Yield what the documents ask, the request and its own aside."""
        own = {"demande.md", "management.md", "suivi.md"}
        read = {
            path: text for path, text in context.files.items() if self.known_name(path) not in own
        }
        fitting, _unread = within_bounds(read)
        found = open_questions(fitting)
        yield f"open questions: {len(found)}"
        for question in found[:MAX_QUESTIONS]:
            yield f"question: `{question.path}` line {question.line}: {question.text}"


def _member(member: TeamMember) -> str:
    fact = f"agent {member.role}: {member.state}, last outcome {member.last_outcome or 'none'}"
    is_stuck = member.state not in AT_WORK and member.reason
    return f"{fact}, because: {member.reason}" if is_stuck else fact


def _held_up(others: Sequence[TeamMember]) -> Iterator[str]:
    """Yield whose work waits for an agent that is not at work."""
    for member in others:
        waiting = [other.role for other in others if other != member and _needs(other, member)]
        if member.state not in AT_WORK and waiting:
            yield f"held up by {member.role} ({member.state}): {', '.join(waiting)}"


def _needs(one: TeamMember, other: TeamMember) -> bool:
    """Return whether one wakes by what the other writes; who watches everything needs nothing."""
    return "**" not in one.watches and any(
        overlap(watched, written) for watched in one.watches for written in other.writes
    )
