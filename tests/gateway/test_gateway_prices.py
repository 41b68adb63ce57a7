"""What models cost, by LiteLLM's own table."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.prices import (
    FREE,
    Price,
    Rates,
    facts_of,
    highest_price_of,
    price_of,
    read_table,
)

TOKENS = st.integers(min_value=0, max_value=10_000_000)


def dollars(*values: str) -> Rates:
    plain, output, read, write = (Decimal(value) for value in values)
    return Rates(input=plain, output=output, cache_read=read, cache_write=write)


def entry(**values: object) -> bytes:
    """Return a table with one model."""
    return json.dumps({"gpt": {"mode": "chat", "litellm_provider": "openai", **values}}).encode()


class TestPriceOf:
    @pytest.mark.parametrize(
        ("model", "rates"),
        [
            ("openai/gpt-4o-mini", dollars("0.15", "0.6", "0.075", "0.15")),
            ("anthropic/claude-sonnet-4-20250514", dollars("3", "15", "0.3", "3.75")),
            ("gemini/gemini-2.5-pro", dollars("1.25", "10", "0.125", "1.25")),
            ("openrouter/openai/gpt-4o", dollars("2.5", "10", "2.5", "2.5")),
            ("mistral/mistral-large-latest", dollars("2", "6", "2", "2")),
            ("deepseek/deepseek-chat", dollars("0.28", "0.42", "0.028", "0.28")),
        ],
    )
    def test_returns_dollars_for_a_million_tokens(self, model: str, rates: Rates) -> None:
        price = price_of(model)

        assert price is not None
        assert price.rates == rates

    @pytest.mark.parametrize(
        "model", ["openai/no-such-model", "nobody/gpt-4o", "openai", "", "openai/gpt-4o-mini/x"]
    )
    def test_is_none_where_nobody_told(self, model: str) -> None:
        assert price_of(model) is None

    def test_does_not_take_a_preview_for_free(self) -> None:
        assert price_of("gemini/gemini-2.5-pro-exp-03-25") is None

    @pytest.mark.parametrize(
        "model",
        [
            "offline/writer",
            "ollama/of-my-own",
            "ollama/llama3",
            "openrouter/x-ai/grok-4-fast:free",
        ],
    )
    def test_is_zero_where_it_costs_nothing(self, model: str) -> None:
        price = price_of(model)

        assert price is not None
        assert price.rates == FREE.rates

    def test_knows_the_rates_of_long_prompts(self) -> None:
        price = price_of("gemini/gemini-2.5-pro")

        assert price is not None
        assert price.long_from == 200_000
        assert price.long == dollars("2.5", "15", "0.25", "2.5")


class TestCost:
    PRICE = Price(rates=dollars("3", "15", "0.3", "3.75"))

    def test_adds_up_what_each_kind_of_token_costs(self) -> None:
        cost = self.PRICE.cost(
            input_tokens=1_000_000,
            output_tokens=100_000,
            cached_tokens=500_000,
            cache_write_tokens=100_000,
        )

        assert cost == Decimal("1.2") + Decimal("1.5") + Decimal("0.15") + Decimal("0.375")

    def test_charges_a_long_prompt_its_own_rates(self) -> None:
        price = Price(
            rates=dollars("1", "1", "1", "1"), long_from=200_000, long=dollars("2", "3", "2", "2")
        )

        assert price.cost(input_tokens=200_000, output_tokens=0) == Decimal("0.2")
        assert price.cost(input_tokens=200_001, output_tokens=0) == Decimal("0.400002")

    @given(TOKENS, TOKENS, TOKENS, TOKENS)
    def test_is_never_negative_and_never_falls_with_output(
        self, given_tokens: int, output: int, cached: int, written: int
    ) -> None:
        def cost(output_tokens: int) -> Decimal:
            return self.PRICE.cost(
                input_tokens=given_tokens,
                output_tokens=output_tokens,
                cached_tokens=cached,
                cache_write_tokens=written,
            )

        assert 0 <= cost(output) < cost(output + 1)


class TestHighestPriceOf:
    @pytest.mark.parametrize("provider", ["openai", "openrouter", "mistral", "deepseek"])
    def test_no_known_model_of_the_provider_costs_more(self, provider: str) -> None:
        highest = highest_price_of(provider)

        assert highest is not None
        for name in ("gpt-4o", "openai/gpt-5.2-pro", "mistral-large-latest", "deepseek-chat"):
            price = price_of(f"{provider}/{name}")
            if price is not None:
                assert price.rates.at_least(highest.rates) == highest.rates

    def test_takes_a_model_for_its_provider(self) -> None:
        assert highest_price_of("anthropic/claude-of-tomorrow") == highest_price_of("anthropic")
        assert highest_price_of("anthropic") is not None

    def test_is_none_where_no_price_is_known(self) -> None:
        assert highest_price_of("nobody") is None

    def test_is_zero_for_what_runs_here(self) -> None:
        assert highest_price_of("ollama") == FREE


class TestFacts:
    def test_tell_how_much_a_model_reads_and_writes(self) -> None:
        facts = facts_of("openai/gpt-4o-mini")

        assert (facts.context_window, facts.longest_reply) == (128_000, 16_384)

    def test_are_read_without_loading_litellm(self) -> None:
        code = (
            "import sys; from agents.gateway.prices import price_of;"
            "assert price_of('openai/gpt-4o'); assert 'litellm' not in sys.modules"
        )

        subprocess.run([sys.executable, "-c", code], check=True)


class TestATableThatIsNone:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[1]",
            b"null",
            b"\xff\xfe",
            b'{"gpt": 3}',
            entry(input_cost_per_token="x", output_cost_per_token=1),
            entry(input_cost_per_token=-1, output_cost_per_token=1),
            entry(input_cost_per_token=True, output_cost_per_token=1),
            entry(input_cost_per_token=1),
        ],
    )
    def test_gives_no_price(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "prices.json"
        path.write_bytes(content)

        table = read_table(path)

        assert all(facts.price is None for models in table.values() for facts in models.values())

    def test_may_be_missing(self, tmp_path: Path) -> None:
        assert not read_table(tmp_path / "none.json")
        assert not read_table(None)
