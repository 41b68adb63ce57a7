import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.words import MOST_LINES, MOST_PIECES, Line, WordDiff, tokens, word_diff

WORDS = st.sampled_from(
    ["le", "chat", "l’eau", "don't", "1 000,5", "**", "…", "é", " ", ", ", "\n"]
)
TEXTS = st.lists(WORDS, max_size=40).map("".join) | st.text("ab \n'", max_size=30)
A_SECOND_AND_SOME = 5  # for a loaded machine; unbounded, these take minutes


def lines(difference: WordDiff) -> list[Line]:
    return [line for hunk in difference.hunks for line in hunk.lines]


def text_of(chosen: Sequence[Line]) -> str:
    return "".join(
        "".join(piece.text for piece in line.pieces) + ("\n" if line.is_ended else "")
        for line in chosen
    )


def marked(before: str, after: str) -> tuple[str, str]:
    """Return both texts of one change with the changed words in brackets."""
    shown = {"removed": "", "added": ""}
    for line in lines(word_diff(before, after)):
        for piece in line.pieces:
            if line.kind != "context":
                same = piece.kind == "equal"
                shown[line.kind] += piece.text if same else f"[{piece.text}]"
    return shown["removed"], shown["added"]


class TestTokens:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("l’homme qu'il vit", ["l’", "homme", " ", "qu'", "il", " ", "vit"]),
            ("aujourd’hui", ["aujourd’hui"]),
            ("don't I'm", ["don't", " ", "I'm"]),
            ("peut-être", ["peut", "-", "être"]),
            ("e\u0301te\u0301", ["e\u0301te\u0301"]),
            ("1\u202f250,50\u00a0€ !", ["1\u202f250,50", "\u00a0", "€", " ", "!"]),
            ("**gras**…", ["**", "gras", "**", "…"]),
            ("a\n\n b", ["a", "\n", "\n", " ", "b"]),
        ],
    )
    def test_are_what_prose_takes_for_words(self, text: str, expected: list[str]) -> None:
        assert tokens(text) == expected

    @given(st.text())
    def test_together_are_the_text(self, text: str) -> None:
        assert "".join(tokens(text)) == text


class TestWordDiff:
    @given(TEXTS, TEXTS)
    def test_holds_both_texts(self, before: str, after: str) -> None:
        """Every line that is not told is the same in both."""
        shown = lines(word_diff(before, after))

        assert _rebuilt(shown, before, "before") == before
        assert _rebuilt(shown, after, "after") == after

    @given(TEXTS, TEXTS)
    def test_what_is_equal_in_one_is_in_the_other(self, before: str, after: str) -> None:
        for hunk in word_diff(before, after).hunks:
            kept = [
                "".join(
                    piece.text
                    for line in hunk.lines
                    if line.kind in {"context", side}
                    for piece in line.pieces
                    if piece.kind == "equal"
                )
                for side in ("removed", "added")
            ]
            assert kept[0] == kept[1]

    @given(TEXTS)
    def test_of_the_same_is_empty(self, text: str) -> None:
        assert word_diff(text, text) == WordDiff(hunks=[])

    def test_marks_the_words_that_changed(self) -> None:
        assert marked("Le chat de l’homme dort.\n", "Le chien de l’enfant dort.\n") == (
            "Le [chat] de l’[homme] dort.",
            "Le [chien] de l’[enfant] dort.",
        )

    def test_follows_words_over_the_ends_of_lines(self) -> None:
        assert marked("one two three four\nfive six\n", "one two\nthree four five seven\n") == (
            "one two[ ]three four" + "five [six]",
            "one two" + "three four[ ]five [seven]",
        )

    def test_a_line_with_nothing_in_common_is_replaced_whole(self) -> None:
        assert marked("Bonjour à tous, et merci.\n", "Nothing of this stays here, really.\n") == (
            "[Bonjour à tous, et merci.]",
            "[Nothing of this stays here, really.]",
        )

    def test_numbers_lines_in_both_texts(self) -> None:
        shown = lines(word_diff("a\nb\nc\n", "a\nB\nnew\nc\n"))

        assert [(line.kind, line.before, line.after) for line in shown] == [
            ("context", 1, 1),
            ("removed", 2, None),
            ("added", None, 2),
            ("added", None, 3),
            ("context", 3, 4),
        ]

    def test_tells_a_missing_last_newline(self) -> None:
        assert [line.is_ended for line in lines(word_diff("a", "a\n"))] == [False, True]


class TestBounds:
    def test_no_more_lines_than_a_page_can_show(self) -> None:
        text = "".join(f"{number}\n" for number in range(3 * MOST_LINES))

        difference = word_diff("", text)

        assert difference.is_truncated
        assert len(lines(difference)) == MOST_LINES

    def test_no_more_pieces_than_a_page_can_show(self) -> None:
        before = "".join(f"w{number} same{number} " for number in range(40_000))
        after = "".join(f"v{number} same{number} " for number in range(40_000))

        shown = lines(word_diff(before, after))

        assert sum(len(line.pieces) for line in shown) <= MOST_PIECES

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("a b " * 250_000, "b a " * 250_000),
            ("a" * 1_000_000, "b" * 1_000_000),
            ("1.1" * 300_000, "1,1" * 300_000),
            ("\n".join(f"w{n % 150} x" for n in range(60_000)),
             "\n".join(f"w{n * 7 % 150} y" for n in range(60_000))),
            ("\n".join(f"k{n} " + "a b " * 40 for n in range(5_000)),
             "\n".join(f"k{n} " + "b a c " * 30 for n in range(5_000))),
        ],
        ids=["two words", "one word", "one number", "few lines", "many lines"],
    )  # fmt: skip
    def test_a_text_made_to_be_slow_is_not(self, before: str, after: str) -> None:
        started = time.thread_time()

        word_diff(before, after)

        assert time.thread_time() - started < A_SECOND_AND_SOME


def _rebuilt(shown: Sequence[Line], text: str, side: str) -> str:
    """Return the text with the lines that are told in place of those of their numbers."""
    kinds = {"context", "removed" if side == "before" else "added"}
    told = {getattr(line, side): text_of([line]) for line in shown if line.kind in kinds}
    cut = text.split("\n")
    whole = [line + "\n" for line in cut[:-1]] + ([cut[-1]] if cut[-1] else [])
    return "".join(told.pop(number, line) for number, line in enumerate(whole, 1)) + "".join(
        told.values()
    )
