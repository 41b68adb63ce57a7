"""Passages that stand twice: exact and near duplicates among paragraphs.

Two paragraphs are near duplicates when the sets of their word triples overlap by three quarters;
in one and the same file, where texts run parallel on purpose, by nine tenths.
Quotations (`>`), headings, tables, code and short lines are left out: they repeat by design.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

MIN_WORDS = 8
NEAR = 0.75
NEAR_WITHIN = 0.9
MAX_PAIRS = 200
MAX_SHARED = 40
"""A triple of words that stands in more paragraphs than this tells nothing about any of them."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})")
HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")


@dataclass(frozen=True)
class Passage:
    """A paragraph or list item: its file, first line (from 1), heading and text on one line."""

    path: str
    line: int
    heading: str
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(WORD.findall(self.text.lower().replace("’", "'")))


@dataclass(frozen=True)
class Pair:
    """Two passages that say the same; `likeness` is 1 for the same words in the same order."""

    first: Passage
    second: Passage
    likeness: float

    @property
    def kind(self) -> Literal["exact", "near"]:
        return "exact" if self.likeness == 1 else "near"


def find_duplicates(files: Mapping[str, str]) -> list[Pair]:
    """Return the duplicates in `files` (path to text), by file and line, at most 200."""
    passages = [
        passage
        for path in sorted(files)
        for passage in _passages(path, files[path])
        if len(passage.words) >= MIN_WORDS
    ]
    pairs = [*_exact(passages), *_near(_first_of_each(passages))]
    pairs.sort(key=lambda pair: (pair.first.path, pair.first.line, pair.second.path))
    return pairs[:MAX_PAIRS]


def _exact(passages: Iterable[Passage]) -> Iterator[Pair]:
    groups: dict[tuple[str, ...], list[Passage]] = defaultdict(list)
    for passage in passages:
        groups[passage.words].append(passage)
    for group in groups.values():
        for first, second in pairwise(group):
            yield Pair(first, second, 1)


def _first_of_each(passages: Iterable[Passage]) -> list[Passage]:
    first: dict[tuple[str, ...], Passage] = {}
    for passage in passages:
        first.setdefault(passage.words, passage)
    return list(first.values())


def _near(passages: list[Passage]) -> Iterator[Pair]:
    triples: list[set[tuple[str, ...]]] = [
        set(zip(p.words, p.words[1:], p.words[2:], strict=False)) for p in passages
    ]
    for (one, other), count in _shared_triples(triples).items():
        likeness = count / (len(triples[one]) + len(triples[other]) - count)
        first, second = passages[one], passages[other]
        if likeness >= (NEAR_WITHIN if first.path == second.path else NEAR):
            yield Pair(first, second, min(likeness, 0.99))


def _shared_triples(triples: list[set[tuple[str, ...]]]) -> dict[tuple[int, int], int]:
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, own in enumerate(triples):
        for triple in own:
            holders[triple].append(index)
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for indexes in holders.values():
        if len(indexes) <= MAX_SHARED:
            for pair in combinations(indexes, 2):
                shared[pair] += 1
    return shared


def _passages(path: str, text: str) -> Iterator[Passage]:
    collected: list[str] = []
    start = 0
    heading = ""
    for number, line in enumerate([*_prose(text), ""], start=1):
        is_heading = HEADING.match(line)
        if collected and (is_heading or not line.strip() or ITEM.match(line)):
            yield Passage(path, start, heading, " ".join(collected))
            collected = []
        if is_heading:
            heading = is_heading[1]
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
