"""The lines of a Markdown text, with those of code blocks known as such."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
HEADING = re.compile(r"^(#{1,6})[ \t]")
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)[^`\n]{1,500}\1(?!`)")


@dataclass(frozen=True)
class Line:
    """One line outside of code: its number (from 1), its text with inline code blanked, and the
    whole of it, as long."""

    number: int
    text: str
    whole: str = ""

    @property
    def level(self) -> int:
        """Return the level of the heading that this line is, 0 for any other line."""
        heading = HEADING.match(self.text)
        return len(heading[1]) if heading else 0


@dataclass(frozen=True)
class Document:
    """The lines outside of code blocks, and the line of a block that is never closed."""

    lines: tuple[Line, ...]
    unclosed: int | None


def read_document(text: str) -> Document:
    """Return the lines of ``text``; those of a code block come as blank ones."""
    lines = []
    fence, opened = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        match = FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip(" \t" + fence[0]):
                fence = ""
            line = ""
        elif match:
            fence, opened, line = match[1], number, ""
        lines.append(Line(number, INLINE_CODE.sub(_blank, line), line))
    return Document(tuple(lines), opened if fence else None)


def paragraphs(document: Document) -> Iterator[tuple[Line, ...]]:
    """Yield runs of lines between blank ones."""
    collected: list[Line] = []
    for line in document.lines:
        if line.text.strip():
            collected.append(line)
        elif collected:
            yield tuple(collected)
            collected = []
    if collected:
        yield tuple(collected)


def _blank(code: re.Match[str]) -> str:
    return "`" + " " * (len(code[0]) - 2) + "`"
