"""Quotations, and whether what they quote is there.

A quotation is what stands between « » or “ ”, or after `>`. Straight marks (") quote where they
hold several words; around a single one they name it. White space, the kind of marks and dashes,
capitals, Markdown and the punctuation at the end do not count; an ellipsis (… or [...]) leaves
words out.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agents.reading.markdown import Line, paragraphs, read_document

MOST = 300
"""Quotations looked at in one text."""

MARKED = re.compile(
    r"«([^«»]{1,2000})»|“([^“”]{1,2000})”|(?<![\w=])\"(?=\S)([^\"]{1,2000})(?<=\S)\"(?!\w)"
)
BLOCK = re.compile(r"^[ \t]*(?:(?:[-*+]|\d{1,4}[.)])[ \t]+)?(?:>[ \t]?)+")
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
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


def quotes_in(lines: Sequence[Line]) -> bool:
    """Return whether lines that follow each other quote at least one word."""
    return any(WORD.search(quotation.text) for quotation in _in_paragraph(lines))


def _in_paragraph(lines: Sequence[Line]) -> Iterator[Quotation]:
    """Yield the quotations: where they are is told by the text without code, what by the whole."""
    text, whole = ("\n".join(parts) for parts in _unblocked(lines))
    is_marked = False
    for match in MARKED.finditer(text):
        if match[3] and len(WORD.findall(match[3])) < 2:
            continue
        is_marked = True
        line = lines[text.count("\n", 0, match.start())].number
        yield Quotation(line, _one_line(whole[match.start() + 1 : match.end() - 1]))
    if is_marked:
        return
    quoted = [line for line in lines if BLOCK.match(line.text)]
    if quoted:
        words = " ".join(BLOCK.sub("", line.whole) for line in quoted)
        yield Quotation(quoted[0].number, _one_line(words))


def _unblocked(lines: Sequence[Line]) -> tuple[list[str], list[str]]:
    starts = [match.end() if (match := BLOCK.match(line.text)) else 0 for line in lines]
    pairs = list(zip(lines, starts, strict=True))
    return [line.text[at:] for line, at in pairs], [line.whole[at:] for line, at in pairs]


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
