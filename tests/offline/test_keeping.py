"""Renewing a document: the writer's lines follow the new text, people's lines stay."""

from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.offline.keeping import renew

OWN = st.sampled_from(["# T", "w 1", "w 2", "w 3", "w 4 x", "w 4 y", "| - |", ""])
ANY = st.one_of(OWN, st.sampled_from(["mine", "yours", "- ours"]))
DOCUMENTS = st.lists(OWN, min_size=1, max_size=9).map(
    lambda lines: "\n".join(["# T", *lines, "end"])
)


def name_of(line: str) -> str | None:
    """Own the lines of one letter w; those with the same number are one line in two versions."""
    return " ".join(line.split()[:2]) if line.startswith("w ") else None


class TestRenew:
    @given(old=st.lists(ANY, max_size=14).map("\n".join), new=DOCUMENTS)
    def test_loses_no_line_of_a_person_and_is_stable(self, old: str, new: str) -> None:
        once = renew(old, new, name_of)

        assert renew(once, new, name_of) == once
        for line in ("mine", "yours", "- ours"):
            assert once.split("\n").count(line) == old.split("\n").count(line)
        assert [line for line in new.split("\n") if line not in once.split("\n")] == []

    def test_replaces_a_line_by_its_newer_version(self) -> None:
        assert renew("# T\nw 4 x\n", "# T\nw 4 y\n", name_of) == "# T\nw 4 y\n"

    def test_keeps_a_note_after_the_line_it_followed(self) -> None:
        old = "# T\n\nw 4 x\nmine\n\nw 2\n"

        assert renew(old, "# T\n\nw 1\nw 4 y\n\nw 2\n", name_of) == (
            "# T\n\nw 1\nw 4 y\nmine\n\nw 2\n"
        )

    def test_keeps_a_note_whose_line_is_gone_after_the_line_before(self) -> None:
        old = "# T\n\nw 1\n\nw 2\n\nmine\n"

        assert renew(old, "# T\n\nw 1\n", name_of) == "# T\n\nw 1\n\nmine\n"
