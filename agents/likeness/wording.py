"""Passages that stand twice: exact and near duplicates among paragraphs.

Two passages are near duplicates when the sets of their word triples overlap by three quarters; in
one and the same file, where texts run parallel on purpose, by nine tenths. A paraphrase that keeps
fewer words than that is not found: whether two sentences mean the same is for a reader to say.

The search is exact. Passages that overlap so much must share one of their *rarest* triples, so
only those few are looked up (prefix filtering); signatures such as MinHash would find most pairs
only, and cost each worker a second and tens of megabytes for the libraries that they need.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import ceil

from agents.likeness.finding import Finding, Place
from agents.likeness.passages import Passage

MIN_WORDS = 8
NEAR = 0.75
NEAR_WITHIN = 0.9
MOST_WORK = 20_000_000
"""Triples compared in all, some seconds at worst; only texts made to that end come near it."""

Triple = tuple[str, ...]


class TooMuchAlike(Exception):  # noqa: N818 - says what was seen
    """So much is half alike that comparing it all would take too long."""


def find_exact(passages: Iterable[Passage]) -> Iterator[Finding]:
    """Yield each passage that has the words of an earlier one, with the nearest such."""
    groups: dict[tuple[str, ...], list[Passage]] = defaultdict(list)
    for passage in passages:
        groups[passage.words].append(passage)
    for group in groups.values():
        for first, second in pairwise(group):
            yield _finding(first, second, 1)


def find_near(passages: Iterable[Passage]) -> Iterator[Finding]:
    """Yield each passage that is almost an earlier one, with the one that it is most like.

    The first of its kind stands for all that are like it, so that one sentence in a thousand
    variants gives a thousand findings and not a million.

    Raises:
        TooMuchAlike: after ``MOST_WORK`` comparisons; what was found until then has been yielded.
    """
    distinct = _first_of_each(passages)
    rarity = Counter(triple for passage in distinct for triple in passage.shingles)
    holders: dict[Triple, list[int]] = defaultdict(list)
    work = 0
    for index, passage in enumerate(distinct):
        rarest = _rarest(passage, rarity)
        candidates = {other for triple in rarest for other in holders.get(triple, ())}
        work += sum(_cost(passage, distinct[other]) for other in candidates)
        if work > MOST_WORK:
            raise TooMuchAlike
        found = max(
            ((_likeness(distinct[other], passage), -other) for other in candidates), default=(0, 0)
        )
        if found[0]:
            yield _finding(distinct[-found[1]], passage, found[0])
            continue
        for triple in rarest:
            holders[triple].append(index)


def _first_of_each(passages: Iterable[Passage]) -> list[Passage]:
    first: dict[tuple[str, ...], Passage] = {}
    for passage in passages:
        first.setdefault(passage.words, passage)
    return list(first.values())


def _rarest(passage: Passage, rarity: Counter[Triple]) -> list[Triple]:
    """Return as many of the rarest triples as two near duplicates cannot do without sharing one."""
    ordered = sorted(passage.shingles, key=lambda triple: (rarity[triple], triple))
    return ordered[: len(ordered) - ceil(NEAR * len(ordered)) + 1]


def _cost(one: Passage, other: Passage) -> int:
    return min(len(one.shingles), len(other.shingles))


def _likeness(first: Passage, second: Passage) -> float:
    """Return how much of both is shared, 0 unless they are near duplicates."""
    small, large = sorted((len(first.shingles), len(second.shingles)))
    needed = NEAR_WITHIN if first.path == second.path else NEAR
    if small < needed * large:
        return 0
    shared = len(first.shingles & second.shingles)
    likeness = shared / (small + large - shared)
    return min(likeness, 0.99) if likeness >= needed else 0


def _finding(first: Passage, second: Passage, likeness: float) -> Finding:
    return Finding(
        "exact" if likeness == 1 else "near",
        Place(first.path, first.line, first.heading),
        Place(second.path, second.line, second.heading),
        likeness,
        second.text,
    )
