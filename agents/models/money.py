"""How money stands in a row."""

from decimal import Decimal
from typing import Any, Final

from django.db import models

LARGEST: Final = Decimal(1_000_000_000)
"""More dollars than anything here may cost or be capped at."""


def money_field(**options: Any) -> "models.DecimalField[Decimal | None, Decimal | None]":
    """Return a column of US dollars, down to a billionth; empty: not known, or no cap."""
    return models.DecimalField(max_digits=19, decimal_places=9, null=True, blank=True, **options)
