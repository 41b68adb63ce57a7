"""Set money aside before a run works, and say at once when it is used up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from agents.budget.caps import KINDS, NOTHING, Amounts, Caps, Scope, scopes_of
from agents.budget.sums import OFFLINE, Held, held, held_in, spent
from agents.budget.words import price_is_assumed, scope_used_up, used_up
from agents.gateway.charges import Charge, charge_of
from agents.gateway.protocol import Allowance, Ceiling, Kind, RunReport
from agents.models import AgentRun, Till
from parallagon.core.errors import AgentError

GRACE_SECONDS: Final = 10
"""The worker ends a run that takes too long; the gateway does so when the worker does not."""
FIRST_REPLY: Final = 1_000
"""Output tokens that must be left for a run to begin beside others."""
AIDERS_OWN: Final = 2_500
"""Tokens of the instructions that Aider adds to every question."""
UNBOUNDED: Final = 1_000_000_000


class BudgetReached(AgentError):  # noqa: N818 - says what happened
    """A cap is used up: the run may not begin."""

    code = "budget_reached"


class BudgetHeld(AgentError):  # noqa: N818 - says what happened
    """What is left is held by runs at work; when they have ended there may be enough."""

    code = "budget_held"


def is_free(model: str) -> bool:
    """Tell whether a model has no budget to use up: the offline writer."""
    return model.startswith(OFFLINE)


def charge_for(model: str) -> Charge | None:
    """Return what calls to a model are charged on this installation."""
    return charge_of(model, settings.PARALLAGON_PRICES)


def reserve(run: AgentRun, *, characters: int, now: datetime) -> Allowance:
    """Set aside what the first call of a run will cost; return what the run may use.

    ``characters`` is the length of what it will be shown. Whoever else reserves waits meanwhile,
    so runs that begin together cannot all take the last cent.

    Raises:
        BudgetReached: nothing is left of a cap.
        BudgetHeld: what is left does not suffice beside the runs at work.
    """
    charge = charge_for(run.model)
    if is_free(run.model):
        return _allowance(charge, (), now=now)
    need = _need(charge, characters)
    with transaction.atomic():
        Till.hold()
        scopes = _capped(run, now=now)
        others = [other for other in held() if other.run_id != run.pk]
        used = spent(scopes)
        for scope in scopes:
            _require(scope, used[scope.key], held_in(scope, others), need)
        _set_aside(run, need)
    kinds = _kinds(need.dollars)
    shared = [
        ceiling
        for scope in scopes
        for ceiling in _ceilings(scope, used[scope.key], held_in(scope, others), kinds)
    ]
    ceilings = (*_own(run, kinds), *shared)
    if charge is not None and charge.is_assumed:
        ceilings = tuple(_with_hint(ceiling) for ceiling in ceilings)
    return _allowance(charge, ceilings, now=now)


def keep(run: AgentRun, report: RunReport) -> None:
    """Count a run at work with what it has used so far, where that is more than was set aside."""
    if run.reserved_cost is None:
        return
    used = Amounts(
        dollars=max(run.reserved_cost, report.cost),
        tokens=max(run.reserved_tokens or 0, report.output_tokens),
        calls=max(run.reserved_calls or 0, sum(call.was_made for call in report.calls)),
    )
    before = Amounts(
        dollars=run.reserved_cost, tokens=run.reserved_tokens or 0, calls=run.reserved_calls or 0
    )
    if used != before:
        _set_aside(run, used)


def overdrawn(run: AgentRun, *, is_here: Callable[[UUID], bool], now: datetime) -> str | None:
    """Return the sentence that ends a run because runs of other workers use up its budget too.

    Runs of one gateway (``is_here``) are held to what they share by the gateway itself, at once.
    """
    runs = held()
    if all(is_here(other.run_id) for other in runs):
        return None
    scopes = _capped(run, now=now)
    used = spent(scopes)
    for scope in scopes:
        total = sum((other.amounts for other in held_in(scope, runs)), used[scope.key])
        for kind in _kinds(run.reserved_cost):
            cap = scope.caps.of(kind)
            if cap is not None and total.of(kind) > cap:
                return scope_used_up(scope, kind, cap)
    return None


def _capped(run: AgentRun, *, now: datetime) -> list[Scope]:
    scopes = scopes_of(mission_id=run.mission_id, agent=run.agent, today=now.date())
    return [scope for scope in scopes if scope.caps != Caps()]


def _need(charge: Charge | None, characters: int) -> Amounts:
    """Return what a first call takes at least, as far as one can tell."""
    cost = NOTHING
    if charge is not None:
        cost = charge.price.cost(
            input_tokens=characters // 4 + AIDERS_OWN, output_tokens=FIRST_REPLY
        )
    return Amounts(dollars=cost, tokens=FIRST_REPLY, calls=1)


def _require(scope: Scope, used: Amounts, others: Sequence[Held], need: Amounts) -> None:
    """Refuse a run for which nothing is left; let it wait where others hold too much of it."""
    taken = sum((other.amounts for other in others), used)
    for kind in _kinds(need.dollars):
        cap = scope.caps.of(kind)
        if cap is None:
            continue
        if used.of(kind) >= cap:
            raise BudgetReached(scope_used_up(scope, kind, cap), scope=scope.name)
        if others and taken.of(kind) + need.of(kind) > cap:
            raise BudgetHeld(scope_used_up(scope, kind, cap), scope=scope.name)


def _set_aside(run: AgentRun, amounts: Amounts) -> None:
    values = {
        "reserved_cost": amounts.dollars,
        "reserved_tokens": amounts.tokens,
        "reserved_calls": amounts.calls,
    }
    AgentRun.objects.filter(pk=run.pk, state=AgentRun.State.RUNNING).update(**values)
    for name, value in values.items():
        setattr(run, name, value)


def _kinds(dollars: Decimal | None) -> Sequence[Kind]:
    """Return what a run can use up: no money where its model is free, or nobody knows its price."""
    return KINDS if dollars else [kind for kind in KINDS if kind != "cost"]


def _ceilings(
    scope: Scope, used: Amounts, others: Sequence[Held], kinds: Sequence[Kind]
) -> Iterator[Ceiling]:
    for kind in kinds:
        if (cap := scope.caps.of(kind)) is not None:
            yield Ceiling(
                key=scope.key,
                kind=kind,
                left=cap - used.of(kind),
                sentence=scope_used_up(scope, kind, cap),
                held={str(other.run_id): other.amounts.of(kind) for other in others},
            )


def _own(run: AgentRun, kinds: Sequence[Kind]) -> Iterator[Ceiling]:
    """Yield what the run may use by itself; its calls stand in the allowance."""
    setting = "PARALLAGON_RUN"
    caps = Caps.by_setting(setting)
    for kind in kinds:
        cap = caps.of(kind)
        if cap is not None and kind != "calls":
            yield Ceiling(
                key=f"run {run.pk}",
                kind=kind,
                left=cap,
                sentence=used_up("run", kind, cap, setting=setting),
            )


def _with_hint(ceiling: Ceiling) -> Ceiling:
    if ceiling.kind != "cost":
        return ceiling
    return replace(ceiling, sentence=f"{ceiling.sentence} {price_is_assumed()}")


def _allowance(charge: Charge | None, ceilings: Sequence[Ceiling], *, now: datetime) -> Allowance:
    return Allowance(
        calls=settings.PARALLAGON_RUN_CALLS,
        output_tokens=UNBOUNDED,
        ends_at=now.timestamp() + settings.PARALLAGON_RUN_SECONDS + GRACE_SECONDS,
        charge=charge,
        ceilings=tuple(ceilings),
    )
