"""Say what a run's calls are charged: a price, and whether it is only the safest guess.

Money is US dollars, `Decimal`; on its way between processes it is text, which loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Self

from agents.gateway.prices import FREE, FREE_PROVIDERS, Price, Rates, highest_price_of, price_of


@dataclass(frozen=True, kw_only=True)
class Charge:
    """The price that calls are counted with. `is_assumed`: nobody told the model's own."""

    price: Price
    is_assumed: bool = False

    @property
    def is_free(self) -> bool:
        """Tell whether nothing that is asked or answered costs anything."""
        return self.price == FREE

    def rates(self, input_tokens: int) -> Rates:
        """Return the rates that a prompt of this size is counted with."""
        is_long = self.price.long_from is not None and input_tokens > self.price.long_from
        return self.price.long if is_long and self.price.long is not None else self.price.rates

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "rates": _texts(self.price.rates),
            "long_from": self.price.long_from,
            "long": _texts(self.price.long) if self.price.long else None,
            "is_assumed": self.is_assumed,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what `to_json` returned."""
        price = Price(
            rates=_rates(values["rates"]),
            long_from=values["long_from"],
            long=_rates(values["long"]) if values["long"] else None,
        )
        return cls(price=price, is_assumed=values["is_assumed"])


def _texts(rates: Rates) -> dict[str, str]:
    return {kind: str(rate) for kind, rate in asdict(rates).items()}


def _rates(values: Mapping[str, str]) -> Rates:
    return Rates(**{kind: Decimal(rate) for kind, rate in values.items()})


def charge_of(
    model: str, own: Mapping[str, tuple[Decimal, Decimal]] | None = None
) -> Charge | None:
    """Return what calls to a model are charged.

    A price of the installation's own (dollars for a million tokens in and out) wins, also one for
    all models of a provider (`openai/*`). A model whose price nobody told counts as its provider's
    dearest. `None` where no price of it is known at all.
    """
    provider = model.partition("/")[0]
    told = (own or {}).get(model) or (own or {}).get(f"{provider}/*")
    if told is not None:
        paid_in, paid_out = told
        rates = Rates(input=paid_in, output=paid_out, cache_read=paid_in, cache_write=paid_in)
        return Charge(price=Price(rates=rates))
    if (price := price_of(model)) is not None:
        return Charge(price=price)
    highest = highest_price_of(model)
    is_assumed = provider not in FREE_PROVIDERS
    return None if highest is None else Charge(price=highest, is_assumed=is_assumed)
