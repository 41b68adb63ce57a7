"""Money over HTTP: US dollars as text, which loses nothing."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

PLACES = Decimal("1e-9")


class Dollars(serializers.DecimalField):
    """US dollars from 0, down to a billionth, without zeros that say nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=19, decimal_places=9, **{"min_value": Decimal(0), **options})

    def to_representation(self, value: Any) -> Any:
        """Return plain digits: “0.05”, never “5E-2”."""
        return f"{Decimal(value).quantize(PLACES).normalize():f}"
