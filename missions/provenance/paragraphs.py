"""Paragraphs of a text and who wrote them; pure.

Blank lines part paragraphs. In Markdown a heading stands by itself, a fence of code is one block
whatever it holds, and the items of a list belong together.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_INDENTED = re.compile(r"(?: {2,}|\t)\S")

Span = tuple[int, int]  # first line and the one after the last, from 0


@dataclass(frozen=True)
class Paragraph:
    """Lines that belong together; ``start`` and ``end`` are its first and last line, from 1.

    Attributes:
        revision: from which most of its lines come; of several, the newest.
        last: the newest that has lines in it.
        contributors: all that have lines in it, in order.
    """

    start: int
    end: int
    revision: int
    last: int
    contributors: tuple[int, ...]


def paragraphs(text: str, lines: Sequence[int], *, is_markdown: bool) -> list[Paragraph]:
    """Return the paragraphs of ``text`` (LF), each of whose lines comes from one of ``lines``."""
    split = text.split("\n")[: len(lines)]
    spans = _markdown(split) if is_markdown else _blocks(split, 0, len(split))
    return [_paragraph(split, lines, span) for span in spans]


def _paragraph(text: Sequence[str], lines: Sequence[int], span: Span) -> Paragraph:
    start, end = span
    # A blank line inside a fence or a list says nothing about who wrote it.
    counts = Counter(lines[at] for at in range(start, end) if text[at].strip())
    main = max(counts, key=lambda number: (counts[number], number))
    return Paragraph(start + 1, end, main, max(counts), tuple(sorted(counts)))


def _blocks(lines: Sequence[str], start: int, end: int) -> Iterator[Span]:
    """Yield what blank lines part."""
    first = None
    for at in range(start, end):
        if lines[at].strip():
            first = at if first is None else first
        elif first is not None:
            yield first, at
            first = None
    if first is not None:
        yield first, end


def _markdown(lines: Sequence[str]) -> Iterator[Span]:
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        end = _end(lines, at)
        yield at, end
        at = end


def _end(lines: Sequence[str], start: int) -> int:
    """Return the line after the block that begins at ``start``."""
    line = lines[start]
    if _HEADING.match(line):
        return start + 1
    if fence := _FENCE.match(line):
        return _end_of_fence(lines, start, fence[1])
    if _ITEM.match(line):
        return _end_of_list(lines, start)
    at = start + 1
    while at < len(lines) and lines[at].strip() and not _begins(lines[at]):
        at += 1
    return at


def _begins(line: str) -> bool:
    """Return whether a line ends the paragraph above it."""
    return bool(_HEADING.match(line) or _FENCE.match(line) or _ITEM.match(line))


def _end_of_fence(lines: Sequence[str], start: int, fence: str) -> int:
    closing = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*")
    for at in range(start + 1, len(lines)):
        if closing.fullmatch(lines[at]):
            return at + 1
    return len(lines)  # a fence that nobody closed goes on to the end


def _end_of_list(lines: Sequence[str], start: int) -> int:
    """Return the line after a list: items, what is indented below them, blank lines between."""
    end = at = start + 1
    while at < len(lines):
        line = lines[at]
        was_blank = at > end
        if line.strip():
            belongs = _ITEM.match(line) or _INDENTED.match(line)
            if not belongs and (was_blank or _HEADING.match(line) or _FENCE.match(line)):
                break
            end = at + 1
        at += 1
    return end
