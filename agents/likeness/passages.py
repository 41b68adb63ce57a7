"""Prose as passages: the paragraphs and list items of a text, each with its line and heading.

Quotations (`>`), headings, tables and code are left out: they repeat by design.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})")
HEADING = re.compile(r"^#{1,6}[ \t]")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")


@dataclass(frozen=True)
class Passage:
    """A paragraph or list item: its file, first line (from 1), heading and text on one line."""

    path: str
    line: int
    heading: str
    text: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(WORD.findall(self.text.lower().replace("’", "'")))

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        """Every three words that follow each other."""
        return frozenset(zip(self.words, self.words[1:], self.words[2:], strict=False))


def read_passages(path: str, text: str) -> Iterator[Passage]:
    """Yield the passages of a text in order."""
    collected: list[str] = []
    start = 0
    heading = ""
    for number, line in enumerate([*_prose(text), ""], start=1):
        is_heading = HEADING.match(line)
        if collected and (is_heading or not line.strip() or ITEM.match(line)):
            yield Passage(path, start, heading, " ".join(collected))
            collected = []
        if is_heading:
            heading = line.lstrip("#").strip().rstrip("#").rstrip()
        elif line.strip():
            start = start if collected else number
            collected.append(ITEM.sub("", line).strip())


def _prose(text: str) -> Iterator[str]:
    """Yield the lines, with those that repeat by design emptied."""
    is_code = False
    for line in text.split("\n"):
        is_fence = FENCE.match(line) is not None
        is_code = is_code != is_fence
        is_prose = not is_code and not is_fence and not line.lstrip().startswith((">", "|"))
        yield line if is_prose else ""
