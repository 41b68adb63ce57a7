"""What differs between two texts, for people."""

import difflib
from itertools import islice


def unified(path: str, before: str, after: str) -> str:
    """Return a unified diff with three lines of context; empty when nothing differs.

    A last line without line end is marked as ``diff`` and ``git`` do.
    """
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    return "".join(_ended(line) for line in lines)


def counts(before: str, after: str) -> tuple[int, int]:
    """Return how many lines were added and how many removed."""
    lines = difflib.unified_diff(_lines(before), _lines(after), n=0)
    signs = [line[0] for line in islice(lines, 2, None)]  # after the two lines that name the files
    return signs.count("+"), signs.count("-")


def _lines(text: str) -> list[str]:
    # Not splitlines(): it also splits at characters that are text to everyone else (U+2028 …).
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
