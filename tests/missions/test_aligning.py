"""What two lists of lines have in common, at the cost of what differs; pure."""

import random

from hypothesis import given
from hypothesis import strategies as st

from missions.provenance.aligning import aligned

LINES = st.lists(st.sampled_from(["", "}", "alpha", "beta", "gamma"]), max_size=80)


class TestAligned:
    @given(LINES, LINES)
    def test_are_equal_lines_in_order_each_once(self, old: list[str], new: list[str]) -> None:
        at_old = at_new = 0
        for old_at, new_at, size in aligned(old, new):
            assert size > 0
            assert old[old_at : old_at + size] == new[new_at : new_at + size]
            assert at_old <= old_at
            assert at_new <= new_at
            at_old, at_new = old_at + size, new_at + size
        assert at_old <= len(old)
        assert at_new <= len(new)

    @given(st.lists(st.integers(0, 299), max_size=6, unique=True))
    def test_find_all_that_stayed_between_changed_lines(self, changed: list[int]) -> None:
        old = [f"line {number}" for number in range(300)]
        new = [f"new {at}" if at in changed else line for at, line in enumerate(old)]

        assert sum(size for _old, _new, size in aligned(old, new)) == 300 - len(changed)

    @given(st.integers(0, 299), st.integers(0, 31))
    def test_find_all_around_lines_that_went(self, at: int, size: int) -> None:
        old = [f"line {number}" for number in range(300)]
        new = old[:at] + old[at + size :]

        assert sum(run for _old, _new, run in aligned(old, new)) == len(new)

    def test_a_rewritten_text_of_few_words_has_an_end(self) -> None:
        chance = random.Random(1)  # noqa: S311 - no secret
        old, new = (["".join(chance.choices("ab", k=3)) for _ in range(20_000)] for _ in "12")

        assert aligned(old, new)
