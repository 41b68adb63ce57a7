"""How a mission stands, as the role that keeps the plan is told: decisions that wait, budgets."""

from datetime import datetime

from django.utils.translation import gettext as _

from agents.budget.standing import Measure, Standing, standings
from agents.budget.words import WHOSE, amount_in_words
from missions.models import Proposal

MOST_PROPOSALS = 20


def situation_of(mission_id: int, *, now: datetime) -> tuple[str, ...]:
    """Return facts, one line each: open proposals, and what is used of the mission's budgets."""
    return (*_proposals(mission_id), *_budgets(mission_id, now=now))


def _proposals(mission_id: int) -> list[str]:
    waiting = Proposal.objects.filter(mission_id=mission_id, state=Proposal.State.OPEN)
    count = waiting.count()
    rows = waiting.prefetch_related("files").order_by("pk")[:MOST_PROPOSALS] if count else ()
    return [
        f"proposals that wait for a person: {count}",
        *(_proposal(proposal) for proposal in rows),
    ]


def _proposal(proposal: Proposal) -> str:
    files = ", ".join(f"`{file.path}`" for file in proposal.files.all()[:5])
    reason = Proposal.Reason(proposal.reason).label
    since = f"{proposal.created_at:%Y-%m-%d %H:%M}"
    return f"proposal by {proposal.role} since {since} UTC for {files}: {reason}"


def _budgets(mission_id: int, *, now: datetime) -> list[str]:
    found = standings(mission_id=mission_id, now=now)
    return [
        _budget(standing, measure)
        for standing in found
        for measure in standing.measures
        if measure.cap is not None
    ]


def _budget(standing: Standing, measure: Measure) -> str:
    values = {
        "whose": WHOSE[standing.scope.name],
        "used": amount_in_words(measure.kind, measure.used),
        "cap": amount_in_words(measure.kind, measure.cap or measure.used),
        "level": {
            "fine": "",
            "warning": _(", nearly used up"),
            "reached": _(", used up"),
        }[measure.level],
    }
    return _("budget, %(whose)s: %(used)s of %(cap)s%(level)s") % values
