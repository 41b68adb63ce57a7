"""Three-way merge of texts, by lines: pure functions.

Texts have LF line endings. Only LF ends a line: form feeds and Unicode's own separators are
characters like others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from merge3 import Merge3

from missions.diff import Block, matching_blocks


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What came of a merge: ``text`` is ``None`` when both sides changed the same lines."""

    text: str | None

    @property
    def is_clean(self) -> bool:
        return self.text is not None


def merge(base: str, theirs: str, mine: str) -> Merged:
    """Put together what ``theirs`` and ``mine`` each changed in ``base``."""
    if mine in (base, theirs):
        return Merged(text=theirs)
    if theirs == base:
        return Merged(text=mine)
    lines = _merge_lines(_lines(base), _lines(theirs), _lines(mine))
    if lines is None:
        return Merged(text=None)
    ends = _three_way(base.endswith("\n"), theirs.endswith("\n"), mine.endswith("\n"))
    return Merged(text="\n".join(lines) + ("\n" if ends and lines else ""))


@dataclass(frozen=True, kw_only=True)
class MergedFile:
    """What came of merging a file that may not be there: no text means that it is to be absent."""

    is_clean: bool
    text: str | None = None


def merge_file(base: str | None, theirs: str | None, mine: str | None) -> MergedFile:
    """Put together what ``theirs`` and ``mine`` did to a file; ``None`` stands for no file."""
    if mine in (base, theirs):
        return MergedFile(is_clean=True, text=theirs)
    if theirs == base:
        return MergedFile(is_clean=True, text=mine)
    if base is None or theirs is None or mine is None:
        return MergedFile(is_clean=False)
    merged = merge(base, theirs, mine)
    return MergedFile(is_clean=merged.is_clean, text=merged.text)


def _lines(text: str) -> list[str]:
    """Split without the final newline, which is merged apart so that appending is no overlap."""
    return text.removesuffix("\n").split("\n") if text else []


def _three_way(base: bool, theirs: bool, mine: bool) -> bool:
    return theirs if mine == base else mine


def _merge_lines(base: list[str], theirs: list[str], mine: list[str]) -> list[str] | None:
    start = _common(base, theirs, mine)
    end = _common(base[start:][::-1], theirs[start:][::-1], mine[start:][::-1])
    old, first, second = (lines[start : len(lines) - end] for lines in (base, theirs, mine))
    merged: list[str] = []
    for region in Merge3(old, first, second, sequence_matcher=_Matcher).merge_groups():
        if region[0] == "conflict":
            return None
        merged.extend(region[1])
    return base[:start] + merged + (base[-end:] if end else [])


class _Matcher:
    """Compares lines for `Merge3` at a cost that hostile text cannot raise.

    Where that cost would be too high a whole stretch counts as changed, so that at worst a merge
    is left to a person.
    """

    def __init__(self, _is_junk: None, one: Sequence[str], other: Sequence[str]) -> None:
        self._one, self._other = one, other

    def get_matching_blocks(self) -> list[Block]:
        """Return what both share, in order, and the end of both as `difflib` does."""
        end = (len(self._one), len(self._other), 0)
        return [*matching_blocks(self._one, self._other), end]


def _common(*sides: Sequence[str]) -> int:
    """Return how many lines all sides start with: most of a long file, and cheap to leave out."""
    count = 0
    for lines in zip(*sides, strict=False):
        if any(line != lines[0] for line in lines):
            break
        count += 1
    return count
