"""Where in a text a query was found, and a line of it to show."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from parallagon.search.words import SHORTEST_PREFIX, Query, Term, fold, pattern

LONGEST: Final = 220
BEFORE: Final = 60
"""Letters shown before the first hit of a long line."""
MOST_HITS: Final = 300
MORE: Final = "…"


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A piece of text and where in it the hits are, as ``[from, to)`` in characters."""

    text: str
    hits: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Snippet(Marked):
    """The line of a text that tells most; ``line`` counts from 1, ``None`` when none does."""

    line: int | None = None


def snippet(text: str, query: Query) -> Snippet:
    """Return the first line that holds most of what is wanted; the beginning where none does."""
    found = _best_line(fold(text), query.wanted) or _best_line(fold(text), _stems(query))
    if found is None:
        first = next((line for line in text.splitlines() if line.strip()), "")
        return Snippet(text=_cut(Marked(text=first.strip())).text)
    number, terms = found
    line = text.split("\n", number + 1)[number]
    marked = _cut(mark(line.rstrip(), terms))
    return Snippet(text=marked.text, hits=marked.hits, line=number + 1)


def mark(text: str, terms: Sequence[Term]) -> Marked:
    """Return ``text`` with its hits; of terms that it does not hold whole, their words."""
    places: list[int] = []
    folded = ""
    for place, sign in enumerate(text):
        one = fold(sign)
        folded += one
        places += [place] * len(one)
    spans = [span for term in terms for span in _spans(folded, term)]
    hits = [(places[begin], places[end - 1] + 1) for begin, end in spans if end > begin]
    return Marked(text=text, hits=_apart(hits))


def _spans(folded: str, term: Term) -> list[tuple[int, int]]:
    found = [one.span() for one in islice(pattern(term).finditer(folded), MOST_HITS)]
    if found or len(term.words) == 1:
        return found
    single = [Term((word,), term.is_prefix and word == term.words[-1]) for word in term.words]
    return [span for one in single for span in _spans(folded, one)]


def _apart(hits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return hits in their order, those that touch as one."""
    apart: list[tuple[int, int]] = []
    for begin, end in sorted(hits):
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return apart


def _best_line(folded: str, terms: Sequence[Term]) -> tuple[int, Sequence[Term]] | None:
    """Return the number, from 0, of the first line with most of the terms, and the terms."""
    on_line: dict[int, set[int]] = defaultdict(set)
    starts = [0, *(one.end() for one in re.finditer("\n", folded))]
    for index, term in enumerate(terms):
        for one in islice(pattern(term).finditer(folded), MOST_HITS):
            on_line[bisect_right(starts, one.start()) - 1].add(index)
    if not on_line:
        return None
    return min(on_line, key=lambda line: (-len(on_line[line]), line)), terms


def _stems(query: Query) -> list[Term]:
    """Return beginnings of the words, for what the database found by its stem."""
    words = [word for term in query.wanted for word in term.words]
    return [Term((word[: max(4, len(word) - 3)],), len(word) > SHORTEST_PREFIX) for word in words]


def _cut(marked: Marked) -> Marked:
    """Return what stands around the first hit of a long line."""
    if len(marked.text) <= LONGEST:
        return marked
    first = marked.hits[0][0] if marked.hits else 0
    begin = max(0, min(first - BEFORE, len(marked.text) - LONGEST))
    end = begin + LONGEST
    before, after = MORE if begin else "", MORE if end < len(marked.text) else ""
    shift = len(before) - begin
    hits = [
        (max(start, begin) + shift, min(stop, end) + shift)
        for start, stop in marked.hits
        if start < end and stop > begin
    ]
    return Marked(text=before + marked.text[begin:end] + after, hits=hits)
