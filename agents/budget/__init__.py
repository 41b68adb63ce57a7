"""What may be spent, what was spent, and what is set aside for runs at work."""

from agents.budget.caps import Amounts, Caps, Scope, scopes_of
from agents.budget.reserve import (
    BudgetHeld,
    BudgetReached,
    charge_for,
    is_free,
    keep,
    overdrawn,
    reserve,
)
from agents.budget.shares import Share, shares
from agents.budget.standing import Measure, Standing, standings
from agents.budget.sums import held, spent

__all__ = [
    "Amounts",
    "BudgetHeld",
    "BudgetReached",
    "Caps",
    "Measure",
    "Scope",
    "Share",
    "Standing",
    "charge_for",
    "held",
    "is_free",
    "keep",
    "overdrawn",
    "reserve",
    "scopes_of",
    "shares",
    "spent",
    "standings",
]
