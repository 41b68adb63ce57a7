"""How amounts and caps are told to people, in the language of whoever reads."""

from decimal import Decimal
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents.budget.caps import Scope, ScopeName
from agents.gateway.protocol import Kind

WHOSE: Final = {
    "run": gettext_lazy("this run"),
    "agent_day": gettext_lazy("this agent today"),
    "mission_day": gettext_lazy("this mission today"),
    "mission": gettext_lazy("this mission"),
    "day": gettext_lazy("the whole installation today"),
}
_ENDINGS: Final[dict[Kind, str]] = {
    "cost": "DOLLARS",
    "output_tokens": "TOKENS",
    "calls": "CALLS",
}


def amount_in_words(kind: Kind, amount: Decimal) -> str:
    """Return an amount with its unit."""
    if kind == "cost":
        # Cents, and what small amounts have below them.
        places = max(2, min(6, -int(amount.normalize().as_tuple().exponent)))
        return _("$%(amount)s") % {"amount": number_format(amount, places)}
    count = int(amount)
    shown = {"count": number_format(count, force_grouping=True)}
    if kind == "calls":
        return (
            ngettext("%(count)s call of the model", "%(count)s calls of the model", count) % shown
        )
    return ngettext("%(count)s output token", "%(count)s output tokens", count) % shown


def price_is_assumed() -> str:
    """Say why money is used up sooner than it should be, and what to set."""
    return _(
        "The price of the model is not known: it counts as the dearest of its provider "
        "(PARALLAGON_PRICES)."
    )


def used_up(whose: ScopeName, kind: Kind, cap: Decimal, *, setting: str) -> str:
    """Say that a cap is reached, or too little is left; ``setting`` raises it, if one does."""
    sentence = _("The budget of %(whose)s allows no more: %(amount)s") % {
        "whose": WHOSE[whose],
        "amount": amount_in_words(kind, cap),
    }
    return f"{sentence} ({setting}_{_ENDINGS[kind]})." if setting else f"{sentence}."


def scope_used_up(scope: Scope, kind: Kind, cap: Decimal) -> str:
    """Say that a cap of a scope is reached, and which setting it comes from, if from one."""
    is_own = scope.own.of(kind) is not None
    return used_up(scope.name, kind, cap, setting="" if is_own else scope.setting)
