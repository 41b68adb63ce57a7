"""Python functions of the same shape, whatever they call their variables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.likeness import find_repetitions

TOTAL = '''
def total(rows, rate):
    """Add up."""
    result = 0
    for row in rows:  # every one
        if row.price > 10:
            result += row.price * rate
    return round(result, 2)
'''
RENAMED = """
async_free = 1

class Bill:
    def amount(self, lines, vat):
        pass

def sum_up(lines, vat):
    amount = 0
    for line in lines:
        if line.price > 10:
            amount += line.price * vat
    return round(amount, 2)
"""


def found(files: dict[str, str]) -> list[tuple[str, int, str, int, int]]:
    return [
        (f.first.path, f.first.line, f.second.path, f.second.line, f.percent)
        for f in find_repetitions(files).findings
        if f.kind == "code"
    ]


class TestCode:
    def test_finds_a_function_under_other_names(self) -> None:
        files = {"production/a.py": TOTAL, "production/b.py": RENAMED}

        assert found(files) == [("production/a.py", 2, "production/b.py", 8, 100)]
        (finding,) = find_repetitions(files).findings
        assert (finding.first.heading, finding.second.heading) == ("total", "sum_up")
        assert finding.text == "def sum_up(lines, vat):"

    def test_tells_code_with_other_values(self) -> None:
        files = {"a.py": TOTAL, "b.py": RENAMED.replace("10", "99")}

        assert [percent for *_, percent in found(files)] == [95]

    @pytest.mark.parametrize(
        ("old", "new"),
        [("round(", "int("), ("line.price", "line.weight"), ("+=", "-="), (">", "<")],
    )
    def test_tells_code_that_does_something_else(self, old: str, new: str) -> None:
        assert found({"a.py": TOTAL, "b.py": RENAMED.replace(old, new)}) == []

    def test_tells_which_variable_is_which(self) -> None:
        swapped = RENAMED.replace("line.price * vat", "line.price * amount")

        assert found({"a.py": TOTAL, "b.py": swapped}) == []

    def test_passes_over_small_functions(self) -> None:
        assert (
            found({"a.py": "def f(x):\n    return x\n", "b.py": "def g(y):\n    return y\n"}) == []
        )

    def test_reads_the_blocks_of_a_document(self) -> None:
        document = (
            f"# Code\n\n```python\n{TOTAL}```\n\n~~~\n{RENAMED}~~~\n\n```py\nnot python(\n```\n"
        )

        assert found({"production.md": document, "z.py": TOTAL}) == [
            ("production.md", 5, "z.py", 2, 100)
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "def broken(:\n",
            "\0",
            "(" * 5000 + ")" * 5000,
            "x = " + "-" * 50_000 + "1",
            "x = 1" + " + 1" * 50_000,
            "x = " + "9" * 10_000,
            "if 1:\n" + "".join(" " * i + "if 1:\n" for i in range(1, 200)),
        ],
        ids=["syntax", "nul", "brackets", "signs", "sum", "number", "indents"],
    )
    def test_says_what_it_cannot_read(self, text: str) -> None:
        report = find_repetitions({"bad.py": text, "a.py": TOTAL, "b.py": RENAMED})

        assert report.notes == ("`bad.py` could not be read as Python",)
        assert len(report.findings) == 1

    def test_walks_deep_trees_without_recursion(self) -> None:
        deep = "def f(x):\n    return " + "[" * 80 + "x" + "]" * 80 + "\n"

        assert len(found({"a.py": deep, "b.py": deep})) == 1

    @given(st.text("def f(x):\n    return []+-\"'lambda ", max_size=120))
    def test_takes_any_text(self, text: str) -> None:
        find_repetitions({"a.py": text, "b.md": f"```python\n{text}\n```"})
