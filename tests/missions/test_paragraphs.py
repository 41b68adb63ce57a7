"""What belongs together in a text, and whose it is; pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.provenance import paragraphs


def spans(text: str, *, is_markdown: bool = True) -> list[tuple[int, int]]:
    lines = [1] * text.count("\n")
    found = paragraphs(text, lines, is_markdown=is_markdown)
    return [(one.start, one.end) for one in found]


class TestMarkdown:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", []),
            ("\n\n", []),
            ("One\nline.\n\nOther.\n", [(1, 2), (4, 4)]),
            ("# Title\nText\nright below.\n## Next\n", [(1, 1), (2, 3), (4, 4)]),
            ("#tag is no heading\nmore\n", [(1, 2)]),
            ("```py\na\n\n# b\n```\nText\n", [(1, 5), (6, 6)]),
            ("````\n```\n````\n", [(1, 3)]),
            ("~~~\n```\nnever closed\n", [(1, 3)]),
            ("Text\n```\ncode\n```\n", [(1, 1), (2, 4)]),
            ("Intro:\n- one\n- two\n\nText\n", [(1, 1), (2, 3), (5, 5)]),
            ("1. one\n\n   more\n\n2. two\nlazy\n\nText\n", [(1, 6), (8, 8)]),
            ("- one\n# Title\n", [(1, 1), (2, 2)]),
            ("| a | b |\n|---|---|\n| 1 | 2 |\n", [(1, 3)]),
        ],
    )
    def test_parts(self, text: str, expected: list[tuple[int, int]]) -> None:
        assert spans(text) == expected

    @given(st.lists(st.sampled_from(["", "text", "# t", "- i", "  in", "```", "~~~"]), max_size=15))
    def test_every_line_that_is_not_blank_is_in_one(self, lines: list[str]) -> None:
        found = spans("".join(f"{line}\n" for line in lines))

        covered = [at for start, end in found for at in range(start, end + 1)]
        assert sorted(set(covered)) == covered
        assert {at for at, line in enumerate(lines, start=1) if line} <= set(covered)


class TestOtherText:
    def test_is_parted_by_blank_lines(self) -> None:
        text = "# no heading\nx = 1\n\n\n- y\n```\n"

        assert spans(text, is_markdown=False) == [(1, 2), (5, 6)]


class TestWhose:
    def test_most_lines_decide_and_the_newest_of_equals(self) -> None:
        found = paragraphs("a\nb\nc\n\nd\ne\n", [3, 3, 7, 1, 2, 5], is_markdown=True)

        assert [(one.revision, one.last, one.contributors) for one in found] == [
            (3, 7, (3, 7)),
            (5, 5, (2, 5)),
        ]

    def test_blank_lines_inside_do_not_count(self) -> None:
        (found,) = paragraphs("```\n\n\n\n```\n", [1, 2, 2, 2, 1], is_markdown=True)

        assert found.contributors == (1,)

    def test_a_last_line_that_is_not_ended(self) -> None:
        (found,) = paragraphs("a\nb", [1, 2], is_markdown=True)

        assert (found.start, found.end, found.last) == (1, 2, 2)
