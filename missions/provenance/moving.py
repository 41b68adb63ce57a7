"""Lines that vanish at one place and appear at another in the same revision; pure."""

from collections import defaultdict
from collections.abc import Callable, Sequence

LEAST_LINES = 3  # of a passage that also stands elsewhere, to have moved rather than been retyped
LEAST_CHARACTERS = 4  # letters and digits of a line that tells anything

Pair = tuple[int, int]


def moved(
    gone: Sequence[str], fresh: Sequence[str], once: Callable[[set[str]], set[str]]
) -> list[Pair]:
    """Return which lines of ``gone`` are which of ``fresh``.

    A line moved when the text has it once (which ``once`` tells of a set of lines), or with the
    lines around it: three at least that tell something. Neighbours that are equal go along.
    """
    seen = {line for line in set(gone).intersection(fresh) if _tells(line)}
    if not seen:
        return []
    moving = _Moving(gone, fresh)
    unique = once(seen)
    places = {line: at for at, line in enumerate(gone) if line in unique}
    for new_at, line in enumerate(fresh):
        if line in unique:
            moving.take(places[line], new_at)
    _take_passages(moving, seen)
    return sorted(moving.pairs.items())


class _Moving:
    """Pairs of lines as they are found, each line in one pair at most."""

    def __init__(self, gone: Sequence[str], fresh: Sequence[str]) -> None:
        self.gone = gone
        self.fresh = fresh
        self.pairs: dict[int, int] = {}
        self._taken: set[int] = set()

    def take(self, old_at: int, new_at: int) -> None:
        """Pair two lines, and the equal ones above and below them."""
        if not self._pair(old_at, new_at):
            return
        for step in (-1, 1):
            distance = step
            while self._pair(old_at + distance, new_at + distance):
                distance += step

    def is_free(self, old_at: int, new_at: int) -> bool:
        return old_at not in self.pairs and new_at not in self._taken

    def _pair(self, old_at: int, new_at: int) -> bool:
        is_there = 0 <= old_at < len(self.gone) and 0 <= new_at < len(self.fresh)
        if not is_there or not self.is_free(old_at, new_at):
            return False
        if self.gone[old_at] != self.fresh[new_at]:
            return False
        self.pairs[old_at] = new_at
        self._taken.add(new_at)
        return True


def _take_passages(moving: _Moving, seen: set[str]) -> None:
    """Pair passages of lines that each stand elsewhere too."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for old_at, passage in _passages(moving.gone, seen):
        places[passage].append(old_at)
    for new_at, passage in _passages(moving.fresh, seen):
        for old_at in places.get(passage, ()):
            if moving.is_free(old_at, new_at):
                moving.take(old_at, new_at)
                break


def _passages(lines: Sequence[str], seen: set[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Return where three lines that tell something follow each other, blank ones between."""
    told = [at for at, line in enumerate(lines) if line in seen]
    found = []
    for first in range(len(told) - LEAST_LINES + 1):
        ats = told[first : first + LEAST_LINES]
        between = lines[ats[0] : ats[-1] + 1]
        if all(line in seen or not _tells(line) for line in between):
            found.append((ats[0], tuple(between)))
    return found


def _tells(line: str) -> bool:
    return sum(map(str.isalnum, line)) >= LEAST_CHARACTERS
