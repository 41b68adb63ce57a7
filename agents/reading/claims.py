"""Claims that quote nothing.

A claim is a list item or a paragraph that says something of its own. It is borne out by a quotation
inside of it, or by a block (`>`) beside it: the one that follows it or else, where nothing claims
anything before the block, the one that it follows. An item may leave the quoting to the item below
it, and a line that ends in a colon to the list that it introduces.

Headings, tables, code, comments, what is in italics, questions, counts (`covered: 12`) and lines
that say that there is nothing to say claim nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from agents.reading.markdown import Line, read_document
from agents.reading.quotations import BLOCK, SPACE, comparable, quotes_in

LONGEST_COUNT = 300
"""Characters of a line that may be nothing but counts."""

COMMENT = re.compile(r"<!--(?:(?!<!--|-->).)*-->", re.DOTALL)
ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,4}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
RULE = re.compile(r"^[ \t]*(?:=+|-+|(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})[ \t]*$")
INDENTED = re.compile(r"^(?: {2,}|[ ]?\t)")
TABLE = re.compile(r"^[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+$")
ITALIC = re.compile(r"(?<![*\w])\*(?![*\s])[^*]+(?<!\s)\*(?![*\w])|(?<!\w)_(?!_)[^_]+_(?!\w)")
BOLD = re.compile(r"(\*\*|__)[^*_]+\1:?")
SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[^a-zà-ÿ\s])")
NUMBER = re.compile(r"\bR?\d+(?:[.,]\d+)?\b")
WORD = re.compile(r"[^\W_]+")

_SOME = r"R?\d+(?:[.,]\d+)?(?: ?%)?"
_SOMES = rf"{_SOME}(?:(?: (?:and|et|out of|of|sur|to|à) | ?[/–-] ?){_SOME})*(?: \({_SOME}\))?"
_VALUE = rf"(?:{_SOMES}|none|aucune?|—|–|-)"
_WORDS = r"(?!R\d)[^\W\d][\w’'./-]*(?: (?!R\d)[\w’'./-]+)"
COUNT = re.compile(
    rf"(?:{_WORDS}{{0,4}} ?[:=] ?)?(?:{_VALUE}|\d+ {_WORDS}{{0,2}})|{_WORDS}{{0,1}} \d+",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"[,;·|] | / ")
NOTHING = re.compile(
    r"(?:none|nothing|no remarks?|n/?a|aucune?(?: remarque)?|rien|néant)"
    r"(?: to (?:report|say|add|evaluate)| à (?:signaler|dire|ajouter|évaluer))?"
    r"(?: (?:so far|for now|yet|at the moment|pour le moment|pour l[’']instant|à ce jour))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Claim:
    """What a text says without quoting: the lines it takes (from 1), and its words on one line."""

    lines: tuple[int, ...]
    text: str


class _Kind(Enum):
    ITEM = "item"
    PARAGRAPH = "paragraph"
    BLOCK = "block"
    OTHER = "other"


@dataclass
class _Passage:
    """Lines that belong together."""

    kind: _Kind
    lines: list[Line] = field(default_factory=list)

    @property
    def is_prose(self) -> bool:
        return self.kind in (_Kind.ITEM, _Kind.PARAGRAPH)

    @property
    def is_table(self) -> bool:
        """Whether it is a table whose rows do not begin with a bar."""
        return len(self.lines) > 1 and TABLE.match(self.lines[1].text) is not None

    @property
    def indent(self) -> int:
        line = self.lines[0].text.expandtabs(4)
        return len(line) - len(line.lstrip())

    def is_below(self, other: "_Passage") -> bool:
        """Return whether it begins a list below a paragraph, or below another item."""
        if self.kind is not _Kind.ITEM:
            return False
        return other.kind is not _Kind.ITEM or self.indent > other.indent

    @property
    def text(self) -> str:
        return " ".join(" ".join(ITEM.sub("", line.whole) for line in self.lines).split())


def unquoted_claims(text: str, computed: Iterable[str] = ()) -> list[Claim]:
    """Return the claims of ``text`` that quote nothing, in order.

    ``computed`` are lines that a program worked out: to repeat one of them, or a part, claims
    nothing.
    """
    known = "\n".join(map(comparable, computed))
    passages = list(_passages(read_document(COMMENT.sub(_blank, text)).lines))
    lacking = {
        at
        for at, passage in enumerate(passages)
        if passage.is_prose
        and not passage.is_table
        and _claims(passage.text)
        and not quotes_in(passage.lines)
        if comparable(passage.text).strip(" .") not in known
    }
    lacking -= set(_borne_out(passages, lacking))
    return [
        Claim(tuple(line.number for line in passages[at].lines), passages[at].text)
        for at in sorted(lacking)
    ]


def _blank(comment: re.Match[str]) -> str:
    return "\n" * comment[0].count("\n")


def _passages(lines: Iterable[Line]) -> Iterator[_Passage]:
    passage = _Passage(_Kind.OTHER)
    is_apart = True
    for line in lines:
        if not line.text.strip():
            is_apart = True
            continue
        kind = _kind(line)
        if _goes_on(passage, kind, line, is_apart=is_apart):
            passage.lines.append(line)
        else:
            if RULE.match(line.text) and not is_apart and _may_be_heading(passage):
                passage.kind = _Kind.OTHER
            yield passage
            passage = _Passage(kind, [line])
        is_apart = False
    yield passage


def _kind(line: Line) -> _Kind:
    if line.level or RULE.match(line.text) or line.text.lstrip().startswith("|"):
        return _Kind.OTHER
    if BLOCK.match(line.text):
        return _Kind.BLOCK
    return _Kind.ITEM if ITEM.match(line.text) else _Kind.PARAGRAPH


def _goes_on(passage: _Passage, kind: _Kind, line: Line, *, is_apart: bool) -> bool:
    """Say whether a line belongs to the passage before it."""
    if kind is _Kind.BLOCK:
        return passage.kind is _Kind.BLOCK and not is_apart
    if kind is not _Kind.PARAGRAPH or not passage.is_prose:
        return False
    return not is_apart or (passage.kind is _Kind.ITEM and INDENTED.match(line.text) is not None)


def _may_be_heading(passage: _Passage) -> bool:
    return passage.kind is _Kind.PARAGRAPH and len(passage.lines) == 1


def _borne_out(passages: list[_Passage], lacking: set[int]) -> Iterator[int]:
    """Yield the positions of passages whose quotation stands beside them, or is left to a list."""
    for at, (passage, following) in enumerate(pairwise(passages)):
        if following.is_below(passage) and _leaves_to(passage, following):
            yield at
        elif following.kind is _Kind.BLOCK:
            yield at if at in lacking else at + 2


def _leaves_to(passage: _Passage, following: _Passage) -> bool:
    is_quoted = passage.kind is _Kind.ITEM and quotes_in(following.lines)
    return is_quoted or passage.text.endswith(":")


def _claims(text: str) -> bool:
    """Return whether a passage says something that a reader could doubt."""
    outside = NUMBER.sub("", ITALIC.sub("", text))
    if not WORD.search(outside) or _is_label(text):
        return False
    sentences = SENTENCE.split(text.replace("*", "").replace("__", ""))
    return any(map(_says, sentences))


def _is_label(text: str) -> bool:
    """Return whether a passage is a few words in bold that stand for a heading."""
    return len(text.split()) < 5 and BOLD.fullmatch(text) is not None and not NUMBER.search(text)


def _says(sentence: str) -> bool:
    plain = SPACE.sub(" ", sentence).strip(" .!…:_")
    is_said = len(WORD.findall(plain)) > 1 and not plain.rstrip(' )”»"').endswith("?")
    return is_said and not _is_count(plain) and not NOTHING.fullmatch(plain)


def _is_count(plain: str) -> bool:
    if len(plain) > LONGEST_COUNT:
        return False
    return all(COUNT.fullmatch(clause.strip()) for clause in CLAUSE.split(plain))
