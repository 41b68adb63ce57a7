"""What differs between two texts, for people: a unified diff, at a cost hostile text cannot raise.

``difflib`` alone takes minutes for two texts of a megabyte that repeat few lines. Here lines that
occur once in both texts hold the comparison together, ``difflib`` compares what lies between
them, and where that would cost too much the whole stretch counts as replaced.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

CONTEXT = 3  # lines around a change
MOST_COMPARISONS = 250_000  # of lines with lines, in all: half a second at worst

Block = tuple[int, int, int]  # begin in the first text, begin in the second, lines
Opcode = tuple[str, int, int, int, int]


@dataclass
class Budget:
    """How many comparisons several calls may still make, in all."""

    left: int = MOST_COMPARISONS


def unified(path: str, before: str, after: str, *, old_path: str = "") -> str:
    """Return a unified diff with three lines of context; empty when nothing differs.

    A last line without line end is marked as ``diff`` and ``git`` do.
    """
    old, new = split_lines(before), split_lines(after)
    hunks = [_hunk(group, old, new) for group in grouped_opcodes(old, new)]
    return f"--- a/{old_path or path}\n+++ b/{path}\n{''.join(hunks)}" if hunks else ""


def grouped_opcodes(old: Sequence[str], new: Sequence[str]) -> Iterable[list[Opcode]]:
    """Return what differs between two lists of lines, near changes together with their context."""
    grouping: SequenceMatcher[str] = SequenceMatcher(None, "", "")
    grouping.opcodes = _opcodes(old, new)  # type: ignore[attr-defined] # what get_opcodes() keeps
    return grouping.get_grouped_opcodes(CONTEXT)


def counts(before: str, after: str, budget: Budget | None = None) -> tuple[int, int]:
    """Return how many lines were added and how many removed."""
    old, new = split_lines(before), split_lines(after)
    same = sum(size for _old, _new, size in matching_blocks(old, new, budget))
    return len(new) - same, len(old) - same


def split_lines(text: str) -> list[str]:
    """Cut a text into lines with their ends."""
    # Not splitlines(): it also splits at characters that are text to everyone else (U+2028 …).
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _hunk(group: Sequence[Opcode], old: Sequence[str], new: Sequence[str]) -> str:
    first, last = group[0], group[-1]
    parts = [f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"]
    for tag, old_start, old_end, new_start, new_end in group:
        if tag == "equal":
            parts += [_line(" ", line) for line in old[old_start:old_end]]
            continue
        parts += [_line("-", line) for line in old[old_start:old_end]]
        parts += [_line("+", line) for line in new[new_start:new_end]]
    return "".join(parts)


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _line(sign: str, line: str) -> str:
    return sign + (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")


def _opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    codes: list[Opcode] = []
    at_old = at_new = 0
    for old_start, new_start, size in (
        *matching_blocks(old, new),
        (len(old), len(new), 0),
    ):
        if at_old < old_start or at_new < new_start:
            codes.append(("replace", at_old, old_start, at_new, new_start))
        at_old, at_new = old_start + size, new_start + size
        if size:
            codes.append(("equal", old_start, at_old, new_start, at_new))
    return codes


def matching_blocks(
    old: Sequence[str], new: Sequence[str], budget: Budget | None = None
) -> list[Block]:
    """Return what two lists of lines, or of words, share, in order, neighbours joined."""
    joined: list[Block] = []
    for old_start, new_start, size in _raw_blocks(old, new, budget or Budget()):
        if joined and (old_start, new_start) == (
            joined[-1][0] + joined[-1][2],
            joined[-1][1] + joined[-1][2],
        ):
            joined[-1] = (*joined[-1][:2], joined[-1][2] + size)
        else:
            joined.append((old_start, new_start, size))
    return joined


def _raw_blocks(old: Sequence[str], new: Sequence[str], budget: Budget) -> Iterator[Block]:
    at_old = at_new = 0
    for old_anchor, new_anchor in (*_anchors(old, new), (len(old), len(new))):
        gap_old, gap_new = old[at_old:old_anchor], new[at_new:new_anchor]
        start, end = _common_ends(gap_old, gap_new)
        if start:
            yield at_old, at_new, start
        inner_old, inner_new = (
            gap_old[start : len(gap_old) - end],
            gap_new[start : len(gap_new) - end],
        )
        cost = len(inner_old) * len(inner_new)
        if 0 < cost <= budget.left:
            budget.left -= cost
            matcher = SequenceMatcher(None, inner_old, inner_new, autojunk=False)
            for block in matcher.get_matching_blocks():
                if block.size:
                    yield at_old + start + block.a, at_new + start + block.b, block.size
        if end:
            yield old_anchor - end, new_anchor - end, end
        if old_anchor < len(old):
            yield old_anchor, new_anchor, 1
        at_old, at_new = old_anchor + 1, new_anchor + 1


def _common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    shortest = min(len(old), len(new))
    start = 0
    while start < shortest and old[start] == new[start]:
        start += 1
    end = 0
    while end < shortest - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest rising row of lines that occur exactly once in both texts."""
    once_old = {line for line, count in Counter(old).items() if count == 1}
    once_new = {line for line, count in Counter(new).items() if count == 1}
    places = {line: index for index, line in enumerate(new) if line in once_new}
    pairs = [(i, places[line]) for i, line in enumerate(old) if line in once_old and line in places]
    return _longest_rising(pairs)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest row of ``pairs`` whose second numbers rise; patience sorting."""
    tops: list[int] = []
    piles: list[int] = []  # index of the pair on top of each pile
    before: list[int] = []
    for index, (_old, new) in enumerate(pairs):
        pile = bisect_left(tops, new)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [new]
        piles[pile : pile + 1] = [index]
    row = []
    index = piles[-1] if piles else -1
    while index >= 0:
        row.append(pairs[index])
        index = before[index]
    return row[::-1]
