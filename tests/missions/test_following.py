"""From one revision to the next: pure rules, held against plain ones and against a kept truth."""

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from missions.provenance import follow, normal


def origins_after(*texts: str) -> list[int]:
    """Return the revision of each line of the last text; the first text is revision 1."""
    lines: list[int] = []
    old = b""
    for number, text in enumerate(texts, start=1):
        new = normal(text.encode())
        follow(old, new, lines, number)
        old = new
    return lines


def text_of(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class TestFollow:
    def test_a_new_line_is_its_authors(self) -> None:
        assert origins_after("one\nthree\n", "one\ntwo\nthree\n") == [1, 2, 1]

    def test_a_changed_line_is_its_authors(self) -> None:
        assert origins_after("one\ntwo\nthree\n", "one\nTwo\nthree\n") == [1, 2, 1]

    def test_a_line_below_one_that_was_not_ended(self) -> None:
        assert origins_after("one", "one\ntwo", "one\ntwo\n") == [1, 2]

    def test_changes_in_two_places(self) -> None:
        before = "first\nmiddle a\nmiddle b\nlast\n"

        assert origins_after(before, "First\nmiddle a\nmiddle b\nLast\n") == [2, 1, 1, 2]

    def test_what_is_the_same_at_both_ends_of_a_word(self) -> None:
        assert origins_after("abc\nabc def\n", "abc\nabx def\n", "abc\nabx def\nx def\n") == [
            1,
            2,
            3,
        ]

    def test_nothing_left_and_begun_again(self) -> None:
        assert origins_after("one\n", "", "one\n") == [3]

    def test_other_line_ends_and_a_bom_change_nobodys_lines(self) -> None:
        assert origins_after("one\ntwo\n", "\ufeffone\r\ntwo\r\n", "one\rtwo\r") == [1, 1]


class TestMove:
    PARAGRAPH = "The moved line.\nIts second line.\n"

    def test_keeps_a_paragraph_whose_it_was(self) -> None:
        before = f"# Title\n\n{self.PARAGRAPH}\nOther text.\n\nThe end of it.\n"
        after = f"# Title\n\nOther text.\n\nThe end of it.\n\n{self.PARAGRAPH}"

        assert set(origins_after(before, after)) <= {1, 2}
        assert origins_after(before, after)[-2:] == [1, 1]

    def test_and_edits_at_once(self) -> None:
        before = f"{self.PARAGRAPH}\nOther text.\n\nThe end of it.\n"
        after = f"Other text, edited.\n\nThe end of it.\n\n{self.PARAGRAPH}"

        lines = origins_after(before, after)

        assert (lines[0], lines[-2:]) == (2, [1, 1])

    def test_of_lines_that_stand_elsewhere_too_needs_three(self) -> None:
        passage = ["alpha", "beta.", "gamma"]
        other = ["Something else.", "And more of it."]
        before = text_of([*passage, *passage, *other])

        moved = origins_after(before, text_of([*passage, *other, *passage]))
        retyped = origins_after(
            text_of(["alpha", "alpha", *other]), text_of(["alpha", *other, "alpha"])
        )

        assert moved == [1] * 8
        assert retyped == [1, 1, 1, 2]

    def test_of_a_line_that_tells_nothing_is_no_move(self) -> None:
        assert origins_after("}\none line\ntwo line\n", "one line\ntwo line\n}\n") == [1, 1, 2]


WORDS = ["alpha", "beta gamma", "", "}", "delta line", "- item"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(text_of), min_size=1, max_size=8)


class TestAnyPast:
    @given(TEXTS)
    def test_each_line_is_new_or_was_there_with_its_origin(self, texts: list[str]) -> None:
        before: Counter[tuple[str, int]] = Counter()
        for number in range(1, len(texts) + 1):
            lines = texts[number - 1].split("\n")[:-1]
            now = Counter(zip(lines, origins_after(*texts[:number]), strict=True))

            kept = Counter({pair: count for pair, count in now.items() if pair[1] != number})
            assert kept <= before
            before = now

    @given(TEXTS)
    def test_what_stays_in_place_stays_whose_it_was(self, texts: list[str]) -> None:
        assert origins_after(*texts, texts[-1]) == origins_after(*texts)

    @given(st.lists(st.text(alphabet="ab\n", max_size=40), min_size=1, max_size=5))
    def test_a_line_each(self, texts: list[str]) -> None:
        assert len(origins_after(*texts)) == normal(texts[-1].encode()).count(b"\n")

    @given(st.integers(), st.integers(1, 25))
    def test_of_lines_that_are_all_different_is_exact(self, seed: int, revisions: int) -> None:
        """The rule for unlike lines is plain: a line is of the first of the revisions that have it
        without a break, wherever it stands."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        lines: list[str] = []
        truth: dict[str, int] = {}
        texts = []
        for number in range(1, revisions + 1):
            _edit(lines, number, chance)
            truth = {line: truth.get(line, number) for line in lines}
            texts.append(text_of(lines))

        assert origins_after(*texts) == [truth[line] for line in lines]


def _edit(lines: list[str], number: int, chance: random.Random) -> None:
    """Insert, remove, replace and move lines at a few places."""
    for turn in range(chance.randint(1, 4)):
        at = chance.randint(0, len(lines))
        size = chance.randint(0, 4)
        taken, lines[at : at + size] = lines[at : at + size], []
        if chance.random() < 0.5:
            to = chance.randint(0, len(lines))
            lines[to:to] = taken
        fresh = chance.randint(0, 3)
        lines[at:at] = [f"line {number} {turn} {one}" for one in range(fresh)]
