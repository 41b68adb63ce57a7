"""Edits in Aider's formats: from any text to any other, or refused, never applied elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.offline.edits import Inexpressible, write_edits
from tests.offline.offline_team import apply_blocks

FENCE = ("```", "```")
LINES = st.sampled_from(
    ["", "# One", "## Two", "- a", "- b", "alpha", "beta", "| x |", "=======", "page.md", "  - a"]
)
TEXTS = st.lists(LINES, min_size=1, max_size=14).map(lambda lines: "\n".join(lines) + "\n")


def edit(old: str, new: str, *, edit_format: str = "diff", **others: str) -> str:
    return write_edits({"page.md": (old, new)}, edit_format=edit_format, fence=FENCE, others=others)


class TestDiff:
    @given(old=TEXTS, new=TEXTS)
    def test_leads_from_the_old_text_to_the_new(self, old: str, new: str) -> None:
        files = {"page.md": old}
        try:
            reply = edit(old, new)
        except Inexpressible:
            return

        apply_blocks(reply, files)

        assert files["page.md"] == (new if old.strip() else old + new)

    @given(lines=st.lists(st.sampled_from(["same", "", "- x"]), min_size=3, max_size=40))
    def test_quotes_enough_lines_to_be_unique(self, lines: list[str]) -> None:
        old = "# Start\n" + "\n".join(lines) + "\n# End\n"
        new = old.replace("# End", "new\n# End")
        files = {"page.md": old}

        apply_blocks(edit(old, new), files)

        assert files["page.md"] == new

    def test_sends_a_long_addition_section_by_section(self) -> None:
        old = "# Title\n\nNothing yet.\n"
        sections = "".join(f"\n## Part {n}\n\nText {n}.\n" for n in range(5))

        reply = edit(old, f"# Title\n{sections}")

        assert reply.count("<<<<<<< SEARCH") == 5
        assert reply.index("## Part 0") < reply.index("## Part 4")

    def test_changes_only_the_lines_that_differ(self) -> None:
        old = "".join(f"- line {n}\n" for n in range(50))

        reply = edit(old, old.replace("line 25\n", "line twenty-five\n"))

        assert reply == (
            "page.md\n```\n<<<<<<< SEARCH\n- line 25\n=======\n- line twenty-five\n"
            ">>>>>>> REPLACE\n```\n"
        )

    def test_does_not_match_in_another_editable_file(self) -> None:
        old = "alpha\nshared\n"

        reply = edit(old, "alpha\nshared\nmore\n", **{"notes.md": "beta\nshared\n"})

        assert "alpha\nshared\n=======" in reply

    def test_never_begins_a_block_with_the_name_of_the_file(self) -> None:
        old = "see page.md\nalpha\n"

        reply = edit(old, "see page.md\nbeta\n")

        assert "SEARCH\nalpha" in reply
        with pytest.raises(Inexpressible):
            edit(old, "look at page.md\nalpha\n")

    def test_leaves_marks_of_the_format_alone(self) -> None:
        old = "Title\n=======\n\ntext\n"
        files = {"page.md": old}

        apply_blocks(edit(old, "Title\n=======\n\ntext\nmore\n"), files)

        assert files["page.md"].endswith("=======\n\ntext\nmore\n")
        with pytest.raises(Inexpressible):
            edit(old, "Title\n\ntext\n")

    def test_fills_an_empty_file(self) -> None:
        files = {"page.md": ""}

        apply_blocks(edit("", "# A\n\n## B\n\ntext\n"), files)

        assert files["page.md"] == "# A\n\n## B\n\ntext\n"


class TestWhole:
    def test_gives_the_whole_file_in_its_fence(self) -> None:
        assert edit("a\n", "b\n", edit_format="whole") == "page.md\n```\nb\n```\n"

    def test_refuses_a_text_that_would_break_out_of_its_fence(self) -> None:
        with pytest.raises(Inexpressible):
            edit("a\n", "b\n```\nc\n", edit_format="whole")
