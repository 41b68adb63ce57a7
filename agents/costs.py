"""What was spent: by run, agent, mission, day and model; from the ledger."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from django.db.models import Count, Q, QuerySet, Sum

from agents.budget import Amounts
from agents.models import Agent, ModelCall
from missions.hooks import Spending

By = Literal["day", "agent", "model"]
_KEYS: Final[Mapping[By, str]] = {"day": "day", "agent": "agent__role", "model": "model"}
# Named apart from the columns, which Django would otherwise take for each other.
_SUMS: Final = {
    "dollars": Sum("cost"),
    "calls": Count("pk"),
    "unpriced_calls": Count("pk", filter=Q(cost=None, output_tokens__isnull=False)),
    "assumed_calls": Count("pk", filter=Q(is_price_assumed=True)),
    "input": Sum("input_tokens"),
    "cached": Sum("cached_tokens"),
    "cache_write": Sum("cache_write_tokens"),
    "output": Sum("output_tokens"),
}


def calls_of(mission_id: int, *, days: int, now: datetime) -> QuerySet[ModelCall]:
    """Return a mission's calls of the last days, today included."""
    since = now.date() - timedelta(days=days - 1)
    return ModelCall.objects.filter(mission_id=mission_id, day__gte=since)


def costs(calls: QuerySet[ModelCall], *, by: By) -> list[dict[str, Any]]:
    """Return what calls cost by day, agent (its role) or model; one query.

    The newest day first, the dearest agent and model first.
    """
    column = _KEYS[by]
    rows = calls.order_by().values(column).annotate(**_SUMS)
    entries = [_entry(row, key=str(row[column])) for row in rows]
    if by == "day":
        return sorted(entries, key=lambda entry: str(entry["key"]), reverse=True)
    return sorted(entries, key=lambda entry: (-(entry["cost"] or 0), entry["key"]))


def total(calls: QuerySet[ModelCall]) -> dict[str, Any]:
    """Return what calls cost together; one query."""
    return _entry(calls.order_by().aggregate(**_SUMS), key="total")


def _entry(row: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Return one line; its cost is unknown where calls were made and no price of them is known."""
    cost = row["dollars"]
    if cost is None and not row["unpriced_calls"]:
        cost = Decimal(0)
    return {
        "key": key,
        "cost": cost,
        **{name: row[name] for name in ("calls", "unpriced_calls", "assumed_calls")},
        **{
            f"{kind}_tokens": row[kind] or 0
            for kind in ("input", "cached", "cache_write", "output")
        },
    }


def spent_today(agents: Sequence[Agent], *, today: date) -> Mapping[int, Amounts]:
    """Return what each agent has spent today, by its key; one query."""
    calls = ModelCall.objects.filter(agent_id__in=[agent.pk for agent in agents], day=today)
    rows = calls.order_by().values_list("agent").annotate(Sum("cost"), Sum("output_tokens"))
    return {
        agent_id: Amounts(dollars=cost or Decimal(0), tokens=tokens or 0)
        for agent_id, cost, tokens in rows
    }


def spending_of(mission_ids: Sequence[int], now: datetime) -> Mapping[int, Spending]:
    """Return what each mission has spent in all and today, by its key; one query."""
    today = Q(day=now.date())
    rows = (
        ModelCall.objects.filter(mission_id__in=mission_ids)
        .order_by()
        .values_list("mission")
        .annotate(
            dollars=Sum("cost"),
            tokens=Sum("output_tokens"),
            dollars_today=Sum("cost", filter=today),
            tokens_today=Sum("output_tokens", filter=today),
        )
    )
    return {
        mission_id: Spending(
            cost=dollars or Decimal(0),
            tokens=tokens or 0,
            cost_today=dollars_today or Decimal(0),
            tokens_today=tokens_today or 0,
        )
        for mission_id, dollars, tokens, dollars_today, tokens_today in rows
    }
