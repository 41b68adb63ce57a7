import difflib
import time

from hypothesis import given
from hypothesis import strategies as st

from missions.diff import counts, unified

LINES = st.lists(
    st.sampled_from(["a", "b", "c", "", "unique 1", "unique 2", "\u2028"]), max_size=40
)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))
MARK = "\\ No newline at end of file\n"


def apply(difference: str, before: str) -> str:
    """Return what a unified diff makes of a text."""
    old = before.split("\n")
    old = [line + "\n" for line in old[:-1]] + ([old[-1]] if old[-1] else [])
    made: list[str] = []
    at = 0
    for line in _ended(difference)[2:]:
        if line.startswith("@@"):
            start, _, length = line.split()[1].removeprefix("-").partition(",")
            begin = int(start) - (0 if length == "0" else 1)
            made += old[at:begin]
            at = begin
        elif line.startswith("+"):
            made.append(line[1:])
        else:
            assert old[at] == line[1:]
            made += [old[at]] if line.startswith(" ") else []
            at += 1
    return "".join(made + old[at:])


def _ended(difference: str) -> list[str]:
    lines: list[str] = []
    for line in difference.split("\n")[:-1]:
        if f"{line}\n" == MARK:
            lines[-1] = lines[-1].removesuffix("\n")
        else:
            lines.append(f"{line}\n")
    return lines


class TestUnified:
    @given(TEXTS, TEXTS)
    def test_leads_from_one_text_to_the_other(self, before: str, after: str) -> None:
        assert apply(unified("a.md", before, after), before) == after

    @given(TEXTS, TEXTS)
    def test_counts_what_it_shows(self, before: str, after: str) -> None:
        shown = [line[0] for line in _ended(unified("a.md", before, after))[2:]]

        assert counts(before, after) == (shown.count("+"), shown.count("-"))

    def test_looks_like_any_other(self) -> None:
        before = "".join(f"line {number}\n" for number in range(40))
        after = before.replace("line 3\n", "line three\n").replace("line 30\n", "")
        lines = before.splitlines(keepends=True), after.splitlines(keepends=True)

        expected = "".join(difflib.unified_diff(*lines, "a/x.md", "b/x.md"))
        assert unified("x.md", before, after) == expected

    def test_marks_a_missing_last_newline(self) -> None:
        assert unified("a.md", "x", "y\n").split("\n")[2:] == [
            "@@ -1 +1 @@",
            "-x",
            "\\ No newline at end of file",
            "+y",
            "",
        ]

    def test_only_a_newline_ends_a_line(self) -> None:
        assert "+a\u2028b\x0cc\n" in unified("a.md", "", "a\u2028b\x0cc\n")

    def test_counts_lines_that_look_like_names_of_files(self) -> None:
        assert counts("-- x\n", "++ y\n++ z\n") == (2, 1)

    def test_of_the_same_is_empty(self) -> None:
        assert unified("a.md", "x\n", "x\n") == ""
        assert counts("x\n", "x\n") == (0, 0)

    def test_a_text_made_to_be_slow_is_not(self) -> None:
        before = "\n".join(f"line {number % 150}" for number in range(60_000))
        after = "\n".join(f"line {number * 7 % 150}" for number in range(60_000))
        started = time.thread_time()

        unified("a.md", before, after)

        assert time.thread_time() - started < 5  # difflib alone: minutes
