"""Prices and caps, as the environment gives them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from agents.gateway.charges import charge_of
from parallagon.settings.env import Environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("PRICES", "openai/mine=0.5/1.5, openai/*=0/0")
    monkeypatch.setenv("NOTHING", "none")
    monkeypatch.setenv("SOME", "2.50")
    return Environment()


class TestCaps:
    def test_may_be_none(self, environment: Environment) -> None:
        assert environment.dollars("NOTHING", Decimal(5)) is None
        assert environment.cap("NOTHING", 5) is None
        assert environment.dollars("UNSET", Decimal(5)) == Decimal(5)
        assert environment.cap("UNSET", 5) == 5
        assert environment.cap("UNSET") is None
        assert environment.dollars("SOME") == Decimal("2.50")

    @pytest.mark.parametrize("value", ["-1", "much", "NaN", "Infinity"])
    def test_refuse_what_is_no_amount(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("AMOUNT", value)

        with pytest.raises(ImproperlyConfigured, match="AMOUNT"):
            Environment().dollars("AMOUNT")
        with pytest.raises(ImproperlyConfigured, match="AMOUNT"):
            Environment().cap("AMOUNT")


class TestPrices:
    def test_are_read_by_model(self, environment: Environment) -> None:
        assert environment.prices("PRICES") == {
            "openai/mine": (Decimal("0.5"), Decimal("1.5")),
            "openai/*": (Decimal(0), Decimal(0)),
        }

    @pytest.mark.parametrize(
        "value", ["openai/mine", "=1/2", "openai/mine=1", "openai/mine=a/b", "openai/mine=-1/2"]
    )
    def test_refuse_what_is_none(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("PRICES", value)

        with pytest.raises(ImproperlyConfigured, match="PRICES"):
            Environment().prices("PRICES")

    def test_win_over_the_table_and_cover_a_whole_provider(self, environment: Environment) -> None:
        own = environment.prices("PRICES")

        mine, other = charge_of("openai/mine", own), charge_of("openai/other", own)

        assert mine is not None
        assert mine.price.rates.output == Decimal("1.5")
        assert other is not None
        assert (other.is_free, other.is_assumed) == (True, False)

    def test_that_nobody_told_count_as_the_dearest_of_the_provider(self) -> None:
        unknown, known = charge_of("openai/no-such-model"), charge_of("openai/gpt-4o")

        assert unknown is not None
        assert known is not None
        assert (unknown.is_assumed, known.is_assumed) == (True, False)
        assert unknown.price.rates.output >= known.price.rates.output > 0
        assert charge_of("nobody/knows") is None
