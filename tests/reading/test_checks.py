"""What a program sees wrong in a document, and what it must not take for wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.likeness import find_repetitions
from agents.reading.checks import Size, find_problems, measure
from agents.reading.quotations import read_quotations

GOOD = """# Plan

## One

Text with a [link](other.md#the-end), [this](#one),
[out](https://example.org) and [mail](mailto:a@b.c).

## Two

### Deeper

| a | b |
|---|---|
| 1 | a \\| b |

```python
# TODO not a heading, [nor](a.md) link
| a |
```

It is done `TODO`.
"""


def problems(text: str, **others: str) -> list[tuple[int, str]]:
    files = {"production/plan.md": text, **{f"production/{k}.md": v for k, v in others.items()}}
    found = find_problems(files, paths=["suivi.md", "production/data.csv"])
    return [(problem.line, problem.what) for problem in found if "plan" in problem.path]


class TestProblems:
    def test_there_are_none_in_a_good_document(self) -> None:
        assert problems(GOOD, other="# Other\n\nText.\n\n## The end\n\nText.\n") == []

    @pytest.mark.parametrize(
        ("text", "line", "what"),
        [
            ("a\n\n```\nb\n", 3, "a code block is never closed"),
            ("# A\n\n## B\n\n## C\n\ntext\n", 3, "the section is empty"),
            ("# A\n\ntext\n\n## B\n", 5, "the section is empty"),
            ("a\nIt is TODO.\n", 2, "a placeholder is left: TODO"),
            ("- Délai : à définir.\n", 1, "a placeholder is left: à définir"),
            ("| a | (to be defined) |\n", 1, "a placeholder is left: to be defined"),
            ("| a | b |\n|---|---|\n| 1 |\n", 3, "the row has 1 cells, the table’s head 2"),
            ("| a | b |\n|---|\n", 2, "the table’s rule and head differ in width"),
            ("[x](nothing.md)\n", 1, "a link leads nowhere: nothing.md"),
            ("[x](../gone.md)\n", 1, "a link leads nowhere: ../gone.md"),
            ("# A\n\n[x](#b)\n", 3, "a link names no heading there: #b"),
        ],
    )
    def test_are_told_with_their_line(self, text: str, line: int, what: str) -> None:
        assert problems(text) == [(line, what)]

    @pytest.mark.parametrize(
        "text",
        [
            "[x](../suivi.md)",
            "[x](data.csv)",
            "[x](../production)",
            "[x](../suivi.md#anything)",
            "# Été à Paris !\n\n[x](#été-à-paris-)",
            "# A\n\na\n\n# A\n\n[x](#a-1)",
            "[x](/absolute)",
            "a | b\n\n|",
            "What??",
            "Le délai reste à définir avec eux.",
            "*Ébauche : à compléter par qui de droit.*",
            "## À préciser\n\nQui paie ?",
        ],
    )
    def test_are_not_made_up(self, text: str) -> None:
        assert problems(text) == []

    @given(st.text("#|-[]()`a.\n TODO~", max_size=200))
    def test_any_text_can_be_checked(self, text: str) -> None:
        for line, _what in problems(text):
            assert 1 <= line <= len(text.split("\n"))

    @pytest.mark.parametrize(
        "line",
        [
            "`" * 20_000,
            "a | b\n" + "-" * 19_999 + "x|",
            "[" * 20_000,
            "# " + " " * 19_000 + "#x",
            "“" * 20_000,
            "> " * 10_000,
            "[a](b) " * 2_500,
        ],
    )
    def test_lines_that_are_made_to_take_long_do_not(self, line: str) -> None:
        """Each would take minutes where a pattern tries every pair of places."""
        text = "\n".join([line] * 25)

        find_problems({"a.md": text}, paths=[f"{n}/b.md" for n in range(200)])
        read_quotations(text)
        find_repetitions({"a.md": text})


class TestMeasure:
    def test_counts_words_and_headings_outside_of_code(self) -> None:
        assert measure("# A title\n\nThree more words.\n\n```\n# no\n```\n") == Size(5, 1)
