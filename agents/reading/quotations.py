"""Quotations, and whether what they quote is there.

A quotation is what stands between « » or “ ”, or after `>`. Straight marks (") quote nothing: they
are for naming a word. White space, the kind of marks and dashes, capitals, Markdown and the
punctuation at the end do not count; an ellipsis (… or [...]) leaves words out.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.reading.markdown import Line, paragraphs, read_document

MOST = 300
"""Quotations looked at in one text."""

MARKED = re.compile(r"«([^«»]{1,2000})»|“([^“”]{1,2000})”")
BLOCK = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+")
MARKER = re.compile(r"^[ \t]*(?:>[ \t]?)*(?:(?:[-*+]|\d{1,4}[.)]|#{1,6})[ \t]+)?", re.MULTILINE)
ELLIPSIS = re.compile(r"[\[(]?\.{3,}[\])]?")
UNSEEN = dict.fromkeys(map(ord, "\"'`*_~«»“”„‘’‚‹›\u00ad\u200b\ufeff"))
UNSEEN |= dict.fromkeys(map(ord, "‐‑‒–—―−"), "-") | {ord("|"): " "}
SPACE = re.compile(r"\s+")
SPACE_BEFORE = re.compile(r" (?=[:;,.!?%)])|(?<=\() ")


@dataclass(frozen=True)
class Quotation:
    """What a text quotes: the line on which it begins (from 1), and the words on one line."""

    line: int
    text: str


def read_quotations(text: str) -> list[Quotation]:
    """Return the first 300 quotations of a text, code left out."""
    found = (q for lines in paragraphs(read_document(text)) for q in _in_paragraph(lines))
    return [quotation for quotation, _ in zip(found, range(MOST), strict=False)]


def _in_paragraph(lines: tuple[Line, ...]) -> Iterator[Quotation]:
    text = "\n".join(BLOCK.sub("", line.text) for line in lines)
    is_marked = False
    for match in MARKED.finditer(text):
        is_marked = True
        line = lines[0].number + text.count("\n", 0, match.start())
        yield Quotation(line, _one_line(match[1] or match[2]))
    if is_marked:
        return
    quoted = [line for line in lines if BLOCK.match(line.text)]
    if quoted:
        whole = " ".join(BLOCK.sub("", line.text) for line in quoted)
        yield Quotation(quoted[0].number, _one_line(whole))


def _one_line(text: str) -> str:
    return SPACE.sub(" ", text).strip()


class Sources:
    """The texts that may be quoted."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = [comparable(text) for text in texts]

    def hold(self, quotation: str) -> bool:
        """Return whether one of the texts has these words, in this order."""
        parts = [part for part in map(_trimmed, ELLIPSIS.split(comparable(quotation))) if part]
        return any(_follow(parts, text) for text in self._texts)


def comparable(text: str) -> str:
    """Return ``text`` with all that does not count in a quotation taken away."""
    plain = MARKER.sub("", unicodedata.normalize("NFKC", text)).translate(UNSEEN)
    return SPACE_BEFORE.sub("", SPACE.sub(" ", plain)).casefold()


def _trimmed(part: str) -> str:
    return part.strip(" .,;:!?")


def _follow(parts: list[str], text: str) -> bool:
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
