"""How full the budgets of all missions are, at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum

from agents.budget.caps import KINDS, NOTHING, Amounts, Caps
from agents.budget.sums import OFFLINE
from agents.models import Budget, ModelCall
from missions.models import Mission

NONE: Final = Caps()


@dataclass(frozen=True, kw_only=True)
class Share:
    """How much of the fullest cap is used, from 0, and the mission whose cap it is, if any."""

    share: float = 0.0
    kind: str = ""
    used: str = ""
    cap: str = ""
    mission_id: int | None = None
    title: str = ""


def shares(*, now: datetime) -> dict[int | None, Share]:
    """Return the fullest cap of each active mission that used something, and under ``None`` that
    of the whole installation. Four queries, however many missions there are.
    """
    today = _sums(ModelCall.objects.filter(day=now.date()))
    budgets = {budget.pk: budget for budget in Budget.objects.filter(_active())}
    in_all = _sums(_counted_in_all(budgets.values()))
    everything = sum(today.values(), Amounts())
    found: dict[int | None, Share] = {}
    active = Mission.objects.filter(state=Mission.State.ACTIVE, pk__in=today.keys() | in_all)
    for mission in active.only("title"):
        budget = budgets.get(mission.pk)
        of_day = _fullest(today.get(mission.pk, Amounts()), _day_caps(budget))
        of_all = _fullest(in_all.get(mission.pk, Amounts()), _caps(budget))
        fullest = max(of_day, of_all, key=lambda one: one.share)
        found[mission.pk] = replace(fullest, mission_id=mission.pk, title=mission.title)
    whole = _fullest(everything, Caps.by_setting("PARALLAGON_DAY"))
    found[None] = max((whole, *found.values()), key=lambda one: one.share)
    return found


def _active() -> Q:
    return Q(mission__state=Mission.State.ACTIVE)


def _counted_in_all(budgets: Iterable[Budget]) -> QuerySet[ModelCall]:
    """Return the calls of missions that have a cap which is not of a day."""
    calls = ModelCall.objects.filter(_active())
    if Caps.by_setting("PARALLAGON_MISSION") != NONE:
        return calls
    capped = [one.pk for one in budgets if _own(one) != NONE]
    return calls.filter(mission__in=capped)


def _sums(calls: QuerySet[ModelCall]) -> dict[int, Amounts]:
    rows: Iterable[Mapping[str, Any]] = (
        calls.exclude(model__startswith=OFFLINE)
        .order_by()
        .values("mission_id")
        .annotate(dollars=Sum("cost"), tokens=Sum("output_tokens"), calls=Count("pk"))
    )
    return {
        row["mission_id"]: Amounts(
            dollars=row["dollars"] or NOTHING, tokens=row["tokens"] or 0, calls=row["calls"]
        )
        for row in rows
    }


def _own(budget: Budget | None) -> Caps:
    if budget is None:
        return NONE
    return Caps(dollars=budget.dollars, tokens=budget.tokens, calls=budget.calls)


def _caps(budget: Budget | None) -> Caps:
    return _with_defaults(_own(budget), "PARALLAGON_MISSION")


def _day_caps(budget: Budget | None) -> Caps:
    own = NONE
    if budget is not None:
        own = Caps(dollars=budget.day_dollars, tokens=budget.day_tokens, calls=budget.day_calls)
    return _with_defaults(own, "PARALLAGON_MISSION_DAY")


def _with_defaults(own: Caps, setting: str) -> Caps:
    default = Caps.by_setting(setting)
    return Caps(
        dollars=default.dollars if own.dollars is None else own.dollars,
        tokens=default.tokens if own.tokens is None else own.tokens,
        calls=default.calls if own.calls is None else own.calls,
    )


def _fullest(used: Amounts, caps: Caps) -> Share:
    found = Share()
    for kind in KINDS:
        cap, amount = caps.of(kind), used.of(kind)
        if cap is None or not amount:
            continue
        share = float(amount / cap) if cap else 1.0
        if share > found.share:
            found = Share(
                share=share, kind=kind, used=f"{float(amount):.6g}", cap=f"{float(cap):.6g}"
            )
    return found
