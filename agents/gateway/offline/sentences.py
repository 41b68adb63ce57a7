"""The request as sentences, and which of them oblige."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from agents.gateway.offline.blocks import Block, Heading, read_blocks

MAX_SENTENCE = 4000
"""Characters of one sentence that are kept: a line of a file holds 20,000 at most."""

_COMMANDS = (
    r"must|shall|mustn['’]t|doi[st]|doivent|dev(?:ons|ez)|devr(?:a|ai|as|ons|ez|ont)|faut|faudra"
)
_ADVISES = r"should|shouldn['’]t|devr(?:ait|ais|ions|iez|aient)|faudrait"
COMMANDS = re.compile(rf"\b(?:{_COMMANDS})\b", re.IGNORECASE)
ADVISES = re.compile(rf"\b(?:{_ADVISES})\b", re.IGNORECASE)
OBLIGES = re.compile(rf"\b(?:{_COMMANDS}|{_ADVISES})\b", re.IGNORECASE)
ADDRESS = re.compile(
    r"\b(?:https?|ftp)://[^\s<>]+|\bwww\.[^\s<>]+|[\w.+-]+@[\w-]+\.[\w.-]+|(?<=\]\()[^)\s]+"
)

END = re.compile(r"[.!?…]+(?:[ \u00a0\u202f]?»|[”\"’')\]*_])*(?= )")
BEFORE_NAME = re.compile(
    r"(?:^|[\s(«“\"'’/])(?:[A-ZÀ-Ý]|(?:[A-Za-z]\.)+[A-Za-z]|MM|Mme|Mlle|Mr|Mrs|Ms|Dr|Pr|Prof"
    r"|St|Ste|Sr|Jr|Mgr|cf|vs|p\. ?ex|c\.-à-d|approx|env|resp|av|bd|Ltd|Inc|Co|Corp|Sté)$"
)
BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(«“\"'’/])(?:[Nn]o|n°|nº|[Aa]rt|[Ff]ig|vol|chap|[Ss]ect|réf|ref|pp?|tél|tel|ext|max"
    r"|min|Jan|Feb|Mar|Apr|Aug|Sept|Oct|Nov|Dec|janv|févr|avr|juil|sept|oct|nov|déc)$"
)
OPENERS = "«“\"'‘([*_`-–—¿¡•"


@dataclass(frozen=True)
class Sentence:
    """One sentence of the request, word for word, on one line.

    `parts` are the items of the list that it introduces. `group` numbers the stretch of text
    under one heading and `block` the paragraph, item or cell, both from 0. `row` is the first
    cell of the table's row, when the sentence stands in another.
    """

    text: str
    headings: tuple[Heading, ...]
    group: int
    block: int
    obliges: bool
    parts: tuple[str, ...] = ()
    row: str = ""

    @property
    def is_advice(self) -> bool:
        text = without_addresses(self.text)
        return bool(ADVISES.search(text)) and not COMMANDS.search(text)


@dataclass(frozen=True)
class Request:
    """What `demande.md` says: its title, or an empty string, and its sentences in order."""

    title: str
    sentences: tuple[Sentence, ...]


def read_request(text: str) -> Request:
    """Read a request in Markdown or plain text. A sentence that stands twice is read once."""
    headings, blocks = read_blocks(text)
    is_titled = bool(headings) and [heading.level for heading in headings].count(1) == 1
    title = headings[0].text if is_titled and headings[0].level == 1 else ""
    seen: set[str] = set()
    sentences = []
    for sentence in _sentences(blocks, title):
        if key(sentence.text) not in seen:
            seen.add(key(sentence.text))
            sentences.append(sentence)
    return Request(title, tuple(sentences))


def key(text: str) -> str:
    """Return what makes two sentences the same: their letters, not their spaces or case."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return " ".join(text.split()).casefold()


def without_addresses(text: str) -> str:
    """Return `text` with spaces in the place of its URLs: their words oblige nobody."""
    return ADDRESS.sub(lambda match: " " * len(match[0]), text)


def obliges(text: str) -> bool:
    return OBLIGES.search(without_addresses(text)) is not None


def split_sentences(text: str) -> list[str]:
    """Split one line of prose into its sentences, which joined by spaces give it back."""
    sentences = []
    start = 0
    for match in END.finditer(text):
        if _is_end(text, match):
            sentences.append(text[start : match.end()])
            start = match.end() + 1
    sentences.append(text[start:])
    return [sentence.strip(" ") for sentence in sentences if sentence.strip()]


def _is_end(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() : match.end() + 9].lstrip(" ")
    starts_anew = bool(after) and (after[0].isupper() or after[0].isdigit() or after[0] in OPENERS)
    if not starts_anew or match[0] != ".":
        return starts_anew
    before = text[max(0, match.start() - 24) : match.start()]
    is_short = BEFORE_NUMBER if after[0].isdigit() else BEFORE_NAME
    return is_short.search(before) is None


def _sentences(blocks: list[Block], title: str) -> Iterator[Sentence]:
    group = -1
    under: tuple[Heading, ...] | None = None
    taken: set[int] = set()
    for index, block in enumerate(blocks):
        if block.headings != under:
            group, under = group + 1, block.headings
        if index in taken:
            continue
        headings = tuple(h for h in block.headings if not (h.level == 1 and h.text == title))
        texts = split_sentences(block.text)
        for position, text in enumerate(texts):
            is_duty = obliges(text)
            parts: tuple[str, ...] = ()
            if is_duty and position == len(texts) - 1 and text.rstrip("*_ ").endswith(":"):
                found = _parts(blocks, index)
                taken.update(found)
                parts = tuple(_cut(blocks[at].text) for at in found)
            yield Sentence(_cut(text), headings, group, index, is_duty, parts, block.row)


def _parts(blocks: list[Block], index: int) -> list[int]:
    """Return the positions of the items that the sentence ending block `index` introduces; an
    item that obliges by itself is a sentence of its own."""
    lead = blocks[index]
    found = []
    for at in range(index + 1, len(blocks)):
        block = blocks[at]
        if block.kind != "item" or block.depth <= lead.depth or block.headings != lead.headings:
            break
        if not obliges(block.text):
            found.append(at)
    return found


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SENTENCE else text[: MAX_SENTENCE - 4].rstrip() + " […]"
