"""Quotations: what counts as one, and which differences do not matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.reading.quotations import MOST, Sources, comparable, read_quotations

SOURCE = """# The request

The crews keep their keys in the blue box — *always* —
beside the door of the old depot. It’s "urgent".

- Les équipes rendent les camions propres : c’est l’usage.

> Chaque habitant peut déplacer un rendez-vous.

| Depot | Hours |
| --- | --- |
| North | 8 to 12 |
"""


def quotations(text: str) -> list[tuple[int, str]]:
    return [(quotation.line, quotation.text) for quotation in read_quotations(text)]


class TestReadQuotations:
    def test_reads_the_three_ways_to_quote(self) -> None:
        text = "It says “one\nthing” and «\u00a0deux\u00a0».\n\n> a whole\n> block\n\nEnd.\n"

        assert quotations(text) == [(1, "one thing"), (2, "deux"), (4, "a whole block")]

    def test_straight_marks_quote_several_words(self) -> None:
        text = 'The "gate" of R2 says "it sings\nall night", 5" wide and 7" high, a "b".'

        assert quotations(text) == [(1, "it sings all night")]
        assert quotations('> "the words" — R3\n') == [(1, "the words")]
        assert quotations('> the "word" of it\n') == [(1, 'the "word" of it')]
        assert quotations('“he says "a b" now” "an “a” b"') == [
            (1, 'he says "a b" now'),
            (1, "an “a” b"),
        ]

    def test_keeps_the_code_in_a_quotation(self) -> None:
        assert quotations("> - R1 calls `go()`\n\nIt says “run `go()` now”.") == [
            (1, "- R1 calls `go()`"),
            (3, "run `go()` now"),
        ]

    def test_reads_a_block_in_a_list(self) -> None:
        assert quotations("- > one\n      > two\n") == [(1, "one two")]

    def test_takes_the_outer_of_nested_quotations(self) -> None:
        assert quotations("« il dit “oui” ici » “and « this » too”") == [
            (1, "il dit “oui” ici"),
            (1, "and « this » too"),
        ]

    def test_takes_what_is_marked_in_a_block_and_not_its_source(self) -> None:
        assert quotations("> « les mots » — R3\n") == [(1, "les mots")]

    @pytest.mark.parametrize(
        "text",
        ['the "word"', "`“code”`", "```\n“code”\n> code\n```", "an “open one", "it's", "a > b"],
    )
    def test_leaves_out_what_is_no_quotation(self, text: str) -> None:
        assert quotations(text) == []

    def test_looks_at_a_bounded_number(self) -> None:
        assert len(read_quotations("“a” " * 5000)) == MOST

    @given(st.text("«»“”> a\n`|-#.…", max_size=200))
    def test_takes_any_text(self, text: str) -> None:
        lines = text.split("\n")

        for quotation in read_quotations(text):
            assert 1 <= quotation.line <= len(lines)


class TestSources:
    @pytest.mark.parametrize(
        "quotation",
        [
            "The crews keep their keys",
            "keep their keys in the blue box – always – beside the door",
            "keys   in the\nblue box",
            "the crews keep their keys … beside the door of the old depot.",
            "The crews [...] old depot",
            "It's 'urgent'!",
            "Les équipes rendent les camions propres\u202f: c'est l’usage",
            "chaque habitant peut déplacer un rendez‑vous",
            "North 8 to 12",
            "…",
        ],
    )
    def test_hold_what_they_say(self, quotation: str) -> None:
        assert Sources([SOURCE]).hold(quotation)

    @pytest.mark.parametrize(
        "quotation",
        [
            "The crews keep their keys in the red box",
            "old depot … The crews",
            "Les équipes rendent des camions propres",
            "9 to 12",
        ],
    )
    def test_do_not_hold_what_they_do_not_say(self, quotation: str) -> None:
        assert not Sources([SOURCE]).hold(quotation)

    def test_a_quotation_stands_in_one_text(self) -> None:
        assert not Sources(["one two", "three four"]).hold("one two … three four")

    @given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=60))
    def test_hold_every_part_of_a_line(self, before: str, part: str, after: str) -> None:
        source = f"x{before}x {part} x{after}x".replace("...", "")

        if "\n" not in source and "\r" not in source and not set("….[](") & set(source):
            assert Sources([source]).hold(f"{part}") or comparable(part) not in comparable(source)

    @given(st.text(max_size=100))
    def test_compare_the_same_twice(self, text: str) -> None:
        once = comparable(text)

        assert comparable(text.replace("“", "«").replace(" ", "\u00a0")) == comparable(
            text.replace("“", "«").replace(" ", " ")
        )
        assert "“" not in once
