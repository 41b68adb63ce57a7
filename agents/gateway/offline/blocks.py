"""The request as blocks of plain text: paragraphs, items, cells, each under its headings.

Code blocks, comments and front matter are left out; quotations count as text. Lines that are only
wrapped are joined, so that a sentence is whole again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
RULE = re.compile(r"^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
ITEM = re.compile(
    r"^([ \t]*)(?:[-*+•–]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))[ \t]+(?:\[[ xX]\][ \t]+)?(.*)$"
)
QUOTE = re.compile(r"^ {0,3}(?:>[ \t]?)+")
ROW = re.compile(r"^[ \t]*\|")
ROW_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
CELLS = re.compile(r"(?<!\\)\|")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
BREAKS = re.compile(r"[ \t\r\n\f\v\x1c-\x1e\x85\u2028\u2029]+")

MAX_HEADING = 200
"""Characters of a heading that are kept."""


@dataclass(frozen=True)
class Heading:
    """A heading of the request; `position` tells two with the same words apart."""

    level: int
    text: str
    position: int


@dataclass(frozen=True)
class Block:
    """One piece of prose. `depth` is 0 for a paragraph, from 1 for an item of a list; `row` is the
    first cell of a row, for the cells that follow it."""

    kind: Literal["paragraph", "item", "cell"]
    text: str
    depth: int
    headings: tuple[Heading, ...]
    row: str = ""


def read_blocks(text: str) -> tuple[list[Heading], list[Block]]:
    """Return the headings and the blocks of a Markdown or plain text, in order."""
    reader = _Reader()
    for line in _lines(text):
        reader.take(line)
    reader.flush()
    return reader.headings, reader.blocks


def one_line(text: str) -> str:
    """Join the lines of `text`; no-break spaces stay as they are."""
    return BREAKS.sub(" ", text).strip(" ")


def _lines(text: str) -> Iterator[str]:
    """Yield the lines that hold prose or structure; a code block or a comment yields a blank."""
    text = COMMENT.sub("\n", FRONT_MATTER.sub("", text.lstrip("\ufeff").replace("\r\n", "\n")))
    fence = ""
    for line in text.split("\n"):
        match = FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip(" \t" + fence[0]):
                fence = ""
            yield ""
        elif match:
            fence = match[1]
            yield ""
        else:
            yield line


@dataclass
class _Reader:
    headings: list[Heading] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    _path: tuple[Heading, ...] = ()
    _words: list[str] = field(default_factory=list)
    _depth: int = 0
    _indents: list[int] = field(default_factory=list)
    _is_quote: bool = False

    def take(self, line: str) -> None:
        line = self._unquoted(line)
        heading = HEADING.match(line)
        if not line.strip():
            self.flush()
        elif heading:
            self._open(len(heading[1]), heading[2])
        elif UNDERLINE.match(line) and self._is_title():
            words, self._words = " ".join(self._words), []
            self._open(1 if "=" in line else 2, words)
        elif RULE.match(line) or UNDERLINE.match(line):
            self.flush()
        elif ROW.match(line):
            self._row(line)
        else:
            self._prose(line)

    def _unquoted(self, line: str) -> str:
        is_quote = QUOTE.match(line) is not None
        if is_quote and not self._is_quote:
            self.flush()
        self._is_quote = is_quote
        return QUOTE.sub("", line)

    def flush(self) -> None:
        """End the paragraph or item being read."""
        text = one_line(" ".join(self._words))
        if text:
            kind: Literal["paragraph", "item"] = "item" if self._depth else "paragraph"
            self.blocks.append(Block(kind, text, self._depth, self._path))
        self._words = []
        self._depth = 0

    def _is_title(self) -> bool:
        """Say whether the line above an underline is a heading and not the end of a paragraph."""
        is_single = len(self._words) == 1 and not self._depth
        return is_single and not self._words[0].rstrip().endswith((".", "!", "?", ";", ","))

    def _open(self, level: int, text: str) -> None:
        self.flush()
        self._indents = []
        heading = Heading(level, one_line(text)[:MAX_HEADING], len(self.headings))
        self.headings.append(heading)
        self._path = (*(above for above in self._path if above.level < level), heading)

    def _row(self, line: str) -> None:
        self.flush()
        if ROW_RULE.match(line):
            return
        cells = [text for cell in CELLS.split(line) if (text := one_line(cell))]
        for index, text in enumerate(cells):
            self.blocks.append(Block("cell", text, 0, self._path, cells[0] if index else ""))

    def _prose(self, line: str) -> None:
        item = ITEM.match(line)
        if item:
            self.flush()
            self._depth = self._depth_of(len(item[1].expandtabs(4)))
            self._words = [item[2]]
            return
        if not self._words and not line.startswith((" ", "\t")):
            self._indents = []
        self._words.append(line)

    def _depth_of(self, indent: int) -> int:
        while self._indents and indent < self._indents[-1]:
            self._indents.pop()
        if not self._indents or indent > self._indents[-1]:
            self._indents.append(indent)
        return len(self._indents)
