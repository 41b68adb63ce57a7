from hypothesis import given
from hypothesis import strategies as st

from missions.merge import merge

TEXTS = st.lists(st.sampled_from("abcd"), max_size=6).map(lambda lines: "\n".join([*lines, ""]))
ANY = TEXTS | st.text("ab\n", max_size=8)


class TestMerge:
    def test_takes_both_changes(self) -> None:
        base = "one\n\ntwo\n\nthree\n"

        merged = merge(base, base.replace("one", "1"), base.replace("three", "3"))

        assert merged.text == "1\n\ntwo\n\n3\n"

    def test_finds_an_overlap(self) -> None:
        merged = merge("one\n", "1\n", "I\n")

        assert not merged.is_clean
        assert merged.text is None

    def test_appending_after_a_line_without_end_is_no_overlap(self) -> None:
        assert merge("a\n\nz", "a\n\nz\n", "A\n\nz").text == "A\n\nz\n"

    def test_two_appended_paragraphs_overlap(self) -> None:
        assert not merge("a\n", "a\nb\n", "a\nc\n").is_clean

    def test_only_a_newline_ends_a_line(self) -> None:
        base = "a\x0cb\u2028c\n\nz\n"

        assert merge(base, base.replace("z", "y"), base.replace("a", "A")).text == (
            "A\x0cb\u2028c\n\ny\n"
        )

    @given(ANY, ANY)
    def test_one_sided_changes_are_taken(self, base: str, other: str) -> None:
        assert merge(base, base, other).text == other
        assert merge(base, other, base).text == other
        assert merge(base, other, other).text == other

    @given(TEXTS, TEXTS, st.integers(0, 6))
    def test_no_new_line_of_either_side_is_lost(self, base: str, theirs: str, place: int) -> None:
        lines = base.splitlines()
        lines.insert(min(place, len(lines)), "MINE")
        theirs_new = "THEIRS\n" + theirs

        merged = merge(base, theirs_new, "\n".join([*lines, ""]))

        if merged.text is not None:
            assert merged.text.splitlines().count("MINE") == 1
            assert merged.text.splitlines().count("THEIRS") == 1

    @given(ANY, ANY, ANY)
    def test_sides_agree_on_whether_it_is_clean(self, base: str, one: str, other: str) -> None:
        assert merge(base, one, other).is_clean == merge(base, other, one).is_clean
