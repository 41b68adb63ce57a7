"""Know what models cost and how much they read: LiteLLM's table of prices, as it is installed.

Pure knowledge: no Django, no network, and LiteLLM itself (seconds and 200 MB) is not imported; only
its JSON file is read, once. Money is US dollars, `Decimal`. Unknown is `None`; zero means zero.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

PACKAGE = "litellm"
TABLE = "model_prices_and_context_window_backup.json"
MILLION = 1_000_000
# Families whose models cost nobody anything: they run on a machine of the installation's own.
FREE_PROVIDERS = frozenset({"ollama", "offline"})
# A provider that really gives a model away says so in its name.
FREE_ENDING = ":free"

_MODES = frozenset({"chat", "completion", "responses"})
_LONG_SIZES = (128_000, 200_000)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """US dollars for a million tokens. Cache rates are those of `input` where none are told."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def at_least(self, other: Self) -> Self:
        """Return, kind by kind, the higher of both."""
        return type(self)(
            **{
                kind.name: max(getattr(self, kind.name), getattr(other, kind.name))
                for kind in fields(self)
            }
        )


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs. Prompts of more than `long_from` tokens cost the `long` rates."""

    rates: Rates
    long_from: int | None = None
    long: Rates | None = None

    def cost(
        self,
        *,
        input_tokens: int,
        output_tokens: int,
        cached_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> Decimal:
        """Return what a call costs. `input_tokens` is the whole prompt, its cached part included.

        Counts that do not fit together (a provider's slip) never make a call cheaper than free.
        """
        is_long = self.long_from is not None and input_tokens > self.long_from
        rates = self.long if is_long and self.long is not None else self.rates
        plain_tokens = max(0, input_tokens - cached_tokens - cache_write_tokens)
        dollars = (
            plain_tokens * rates.input
            + cached_tokens * rates.cache_read
            + cache_write_tokens * rates.cache_write
            + output_tokens * rates.output
        )
        return dollars / MILLION


_NOTHING = Decimal(0)
FREE = Price(
    rates=Rates(input=_NOTHING, output=_NOTHING, cache_read=_NOTHING, cache_write=_NOTHING)
)


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What the table says of a model; `None` where it says nothing."""

    price: Price | None
    context_window: int | None
    longest_reply: int | None


_UNKNOWN = ModelFacts(price=None, context_window=None, longest_reply=None)


def facts_of(model: str) -> ModelFacts:
    """Return what is known of a model, by its name here (`openai/gpt-4o`, `ollama/llama3` …)."""
    provider, _, name = model.partition("/")
    facts = _table().get(provider, {}).get(name, _UNKNOWN)
    if facts.price is None and provider in FREE_PROVIDERS:
        return ModelFacts(
            price=FREE, context_window=facts.context_window, longest_reply=facts.longest_reply
        )
    return facts


def price_of(model: str) -> Price | None:
    """Return what a model costs; `None` when nobody told."""
    return facts_of(model).price


def is_known() -> bool:
    """Return whether there is a table of prices at all."""
    return bool(_table())


def highest_price_of(provider: str) -> Price | None:
    """Return a price that no known model of the provider exceeds; `None` when none is known.

    It is what a model of unknown price counts as. Takes a provider ("openai") or a model's name.
    """
    return _highest(provider.partition("/")[0])


@cache
def _highest(provider: str) -> Price | None:
    if provider in FREE_PROVIDERS:
        return FREE
    highest: Rates | None = None
    for facts in _table().get(provider, {}).values():
        for rates in _all_rates(facts.price):
            highest = rates if highest is None else highest.at_least(rates)
    return None if highest is None else Price(rates=highest)


def _all_rates(price: Price | None) -> Iterator[Rates]:
    if price is not None:
        yield price.rates
        if price.long is not None:
            yield price.long


@cache
def _table() -> Mapping[str, Mapping[str, ModelFacts]]:
    """Return the facts by provider and model; empty when LiteLLM or its table is not there."""
    return read_table(_find_table())


def read_table(path: Path | None) -> Mapping[str, Mapping[str, ModelFacts]]:
    """Return what a table of prices says, by provider and model; nothing when it is none."""
    try:
        entries = json.loads(path.read_bytes(), parse_float=Decimal) if path else {}
    except (OSError, ValueError, RecursionError):
        entries = {}
    table: dict[str, dict[str, ModelFacts]] = {}
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if not isinstance(entry, dict) or entry.get("mode") not in _MODES:
            continue
        provider = str(entry.get("litellm_provider"))
        # Some names carry their provider, some do not, some stand twice: the plain one first.
        short = str(name).removeprefix(f"{provider}/")
        models = table.setdefault(provider, {})
        if short == name or short not in models:
            models[short] = _facts(entry, is_free=short.endswith(FREE_ENDING))
    return MappingProxyType(table)


def _find_table() -> Path | None:
    """Return where LiteLLM's own table is, without importing LiteLLM."""
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.origin).with_name(TABLE) if spec and spec.origin else None


def _facts(entry: Mapping[str, Any], *, is_free: bool) -> ModelFacts:
    rates = _rates(entry, "")
    if rates is not None and not is_free and not (rates.input and rates.output):
        # "0" stands in the table for previews whose price nobody has told yet.
        rates = None
    window, reply = entry.get("max_input_tokens"), entry.get("max_output_tokens")
    return ModelFacts(
        price=None if rates is None else _price(entry, rates),
        context_window=window if isinstance(window, int) else None,
        longest_reply=reply if isinstance(reply, int) else None,
    )


def _price(entry: Mapping[str, Any], rates: Rates) -> Price:
    for size in _LONG_SIZES:
        ending = f"_above_{size // 1000}k_tokens"
        long = _rates(entry, ending, otherwise=rates)
        if long is not None and (long.input, long.output) != (rates.input, rates.output):
            return Price(rates=rates, long_from=size, long=long)
    return Price(rates=rates)


def _rates(entry: Mapping[str, Any], ending: str, otherwise: Rates | None = None) -> Rates | None:
    """Return the rates whose names end so; `None` when neither they nor `otherwise` tell any."""

    def rate(name: str, fallback: Decimal | None) -> Decimal | None:
        value = entry.get(name + ending)
        if not isinstance(value, int | Decimal) or isinstance(value, bool) or value < 0:
            return fallback
        return Decimal(value) * MILLION

    paid_input = rate("input_cost_per_token", otherwise.input if otherwise else None)
    paid_output = rate("output_cost_per_token", otherwise.output if otherwise else None)
    if paid_input is None or paid_output is None:
        return None
    read = rate("cache_read_input_token_cost", None)
    # Some providers are listed with writes for nothing: they are part of the prompt, and paid.
    write = rate("cache_creation_input_token_cost", None)
    return Rates(
        input=paid_input,
        output=paid_output,
        cache_read=paid_input if read is None else read,
        cache_write=write or paid_input,
    )
