"""What differs between two texts, word by word, as data for a page: hunks → lines → pieces.

Lines are compared first, as in a unified diff; where some were replaced, their words are compared.
A word is what French and English prose take for one: ``l’`` and ``homme`` are two, ``don’t`` and
``aujourd’hui`` one, ``1 250,50`` too. Whatever the texts, the work and the answer are bounded: past
the bound lines count as replaced whole, and past ``MOST_LINES`` nothing more is told.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from missions.diff import Block, Budget, Opcode, grouped_opcodes, matching_blocks, split_lines

MOST_LINES = 4_000
MOST_PIECES = 20_000
SIMILAR = 3  # words are marked where at least one part in so many was kept

_TOKEN = re.compile(
    r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’](?=\w)"  # before an apostrophe: elided
    r"|\d+(?:[.,\u00a0\u202f]\d+)*"
    r"|[\w\u0300-\u036f]+(?:['’][\w\u0300-\u036f]+)*"
    r"|\n|[^\S\n]+"
    r"|([^\w\s])\1*",  # “**” and “…” are one sign
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of a line: in both texts, or only in the one that its line is of."""

    kind: Literal["equal", "added", "removed"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line without its end; its number (from 1) in the texts that have it."""

    kind: Literal["context", "added", "removed"]
    before: int | None
    after: int | None
    pieces: Sequence[Piece]
    is_ended: bool  # false: the last line of a text that does not end in a newline


@dataclass(frozen=True, kw_only=True)
class Hunk:
    """Changed lines that are near each other, with three lines around them."""

    lines: Sequence[Line]


@dataclass(frozen=True, kw_only=True)
class WordDiff:
    hunks: Sequence[Hunk]
    is_truncated: bool = False


def word_diff(before: str, after: str) -> WordDiff:
    """Compare two texts; no hunks when nothing differs."""
    comparing = _Comparing(old=split_lines(before), new=split_lines(after))
    hunks: list[Hunk] = []
    left = MOST_LINES
    for group in grouped_opcodes(comparing.old, comparing.new):
        lines = list(islice(comparing.lines(group), left + 1))
        hunks.append(Hunk(lines=lines[:left]))
        if len(lines) > left:
            return WordDiff(hunks=hunks, is_truncated=True)
        left -= len(lines)
    return WordDiff(hunks=hunks)


def tokens(text: str) -> list[str]:
    """Cut a text into words, runs of spaces and signs; together they are the text."""
    return [match.group() for match in _TOKEN.finditer(text)]


@dataclass(kw_only=True)
class _Comparing:
    """Two texts by lines, and what comparing their words may still cost."""

    old: list[str]
    new: list[str]
    budget: Budget = field(default_factory=Budget)
    pieces: int = MOST_PIECES

    def lines(self, group: Sequence[Opcode]) -> Iterator[Line]:
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                for offset, line in enumerate(self.old[old_start:old_end]):
                    pieces = _whole(line, "equal")
                    yield _line("context", old_start + offset, new_start + offset, line, pieces)
                continue
            yield from self._replaced(
                self.old[old_start:old_end], self.new[new_start:new_end], old_start, new_start
            )

    def _replaced(
        self, old: list[str], new: list[str], old_start: int, new_start: int
    ) -> Iterator[Line]:
        removed, added = self._compare(old, new)
        for offset, line in enumerate(old):
            pieces = removed[offset] if removed else _whole(line, "removed")
            yield _line("removed", old_start + offset, None, line, pieces)
        for offset, line in enumerate(new):
            pieces = added[offset] if added else _whole(line, "added")
            yield _line("added", None, new_start + offset, line, pieces)

    def _compare(self, old: list[str], new: list[str]) -> tuple[list[list[Piece]], ...]:
        """Return the pieces of each line; nothing where the lines have too little in common."""
        one, other = tokens("".join(old)), tokens("".join(new))
        if not one or not other:
            return [], []
        kept_old, kept_new = _kept(one, other, matching_blocks(one, other, self.budget))
        kept = sum(len(one[place]) for place in kept_old if not one[place].isspace())
        if kept * SIMILAR < min(_visible(one), _visible(other)):
            return [], []
        removed = _pieces(one, kept_old, "removed")
        added = _pieces(other, kept_new, "added")
        self.pieces -= sum(map(len, removed)) + sum(map(len, added))
        return (removed, added) if self.pieces >= 0 else ([], [])


def _line(
    kind: Literal["context", "added", "removed"],
    before: int | None,
    after: int | None,
    line: str,
    pieces: Sequence[Piece],
) -> Line:
    return Line(
        kind=kind,
        before=None if before is None else before + 1,
        after=None if after is None else after + 1,
        pieces=pieces,
        is_ended=line.endswith("\n"),
    )


def _whole(line: str, kind: Literal["equal", "added", "removed"]) -> list[Piece]:
    text = line.removesuffix("\n")
    return [Piece(kind=kind, text=text)] if text else []


def _visible(words: Sequence[str]) -> int:
    return sum(len(word) for word in words if not word.isspace())


def _kept(
    old: Sequence[str], new: Sequence[str], blocks: Sequence[Block]
) -> tuple[set[int], set[int]]:
    """Return the places of what stayed.

    Spaces and signs alone between two changes are part of the change: a row of single kept commas
    reads worse than one replaced sentence.
    """
    kept_old: set[int] = set()
    kept_new: set[int] = set()
    for old_start, new_start, size in blocks:
        is_edge = (old_start == new_start == 0) or (
            old_start + size == len(old) and new_start + size == len(new)
        )
        if is_edge or any(_WORD.search(old[old_start + at]) for at in range(size)):
            kept_old.update(range(old_start, old_start + size))
            kept_new.update(range(new_start, new_start + size))
    return kept_old, kept_new


def _pieces(
    words: Sequence[str], kept: set[int], changed: Literal["added", "removed"]
) -> list[list[Piece]]:
    """Join neighbours of one kind into pieces, line by line."""
    lines: list[list[Piece]] = [[]]
    run: list[str] = []
    kind: Literal["equal", "added", "removed"] = "equal"

    def end() -> None:
        if run:
            lines[-1].append(Piece(kind=kind, text="".join(run)))
            run.clear()

    for place, word in enumerate(words):
        if word == "\n":
            end()
            lines.append([])
            continue
        now: Literal["equal", "added", "removed"] = "equal" if place in kept else changed
        if now != kind:
            end()
            kind = now
        run.append(word)
    end()
    return lines
