"""What was spent, from the ledger, and what runs at work hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, Sum

from agents.budget.caps import NOTHING, Amounts, Scope
from agents.models import AgentRun, ModelCall

OFFLINE = "offline/"


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is set aside for one run at work: a first call, or what it used so far if more."""

    run_id: UUID
    mission_id: int
    agent_id: int
    amounts: Amounts


def held() -> list[Held]:
    """Return what every run at work holds; one query.

    Read it before ``spent``: a run that is settled in between then counts twice, never not at all.
    """
    runs = AgentRun.objects.filter(state=AgentRun.State.RUNNING, reserved_cost__isnull=False)
    return [
        Held(
            run_id=run_id,
            mission_id=mission_id,
            agent_id=agent_id,
            amounts=Amounts(dollars=cost or NOTHING, tokens=tokens or 0, calls=calls or 0),
        )
        for run_id, mission_id, agent_id, cost, tokens, calls in runs.values_list(
            "pk", "mission_id", "agent_id", "reserved_cost", "reserved_tokens", "reserved_calls"
        )
    ]


def held_in(scope: Scope, runs: Sequence[Held]) -> list[Held]:
    """Keep the runs whose use counts in the scope."""
    return [run for run in runs if scope.covers(mission_id=run.mission_id, agent_id=run.agent_id)]


def spent(scopes: Sequence[Scope]) -> Mapping[str, Amounts]:
    """Return what the ledger says of each scope, by its key; one query.

    The offline writer costs nobody anything, so it uses up nothing.
    """
    counted = Q()
    sums: dict[str, Sum | Count] = {}
    for number, scope in enumerate(scopes):
        counted |= scope.calls
        sums[f"dollars{number}"] = Sum("cost", filter=scope.calls)
        sums[f"tokens{number}"] = Sum("output_tokens", filter=scope.calls)
        sums[f"calls{number}"] = Count("pk", filter=scope.calls)
    if not scopes:
        return {}
    calls = ModelCall.objects.filter(counted).exclude(model__startswith=OFFLINE)
    found = calls.aggregate(**sums)
    return {
        scope.key: Amounts(
            dollars=found[f"dollars{number}"] or Decimal(0),
            tokens=found[f"tokens{number}"] or 0,
            calls=found[f"calls{number}"],
        )
        for number, scope in enumerate(scopes)
    }
