"""What two long lists of lines that differ at a few places have in common; pure.

Runs of equal lines are compared whole, and after a difference the lists are brought together again
a few lines further on; only what lies between is compared line by line.
"""

from collections.abc import Sequence

from missions.diff import Block, matching_blocks

_CHUNK = 64
_WINDOW = 32  # lines within which the lists are brought together again
_SURE = 3  # equal lines that say they are


def aligned(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Return what both have in the same order."""
    blocks: list[Block] = []
    old_at = new_at = 0
    while old_at < len(old) and new_at < len(new):
        if run := _equal(old, old_at, new, new_at):
            blocks.append((old_at, new_at, run))
            old_at, new_at = old_at + run, new_at + run
            continue
        old_end, new_end = _together(old, old_at, new, new_at)
        for block in matching_blocks(old[old_at:old_end], new[new_at:new_end]):
            blocks.append((old_at + block[0], new_at + block[1], block[2]))
        old_at, new_at = old_end, new_end
    return blocks


def _equal(old: Sequence[str], old_at: int, new: Sequence[str], new_at: int) -> int:
    """Return how many lines are equal from here on."""
    most = min(len(old) - old_at, len(new) - new_at)
    run = 0
    while run < most:
        a, b = old_at + run, new_at + run
        if old[a : a + _CHUNK] != new[b : b + _CHUNK]:
            break
        run += _CHUNK
    while run < most and old[old_at + run] == new[new_at + run]:
        run += 1
    return min(run, most)


def _together(old: Sequence[str], old_at: int, new: Sequence[str], new_at: int) -> tuple[int, int]:
    """Return where both go on alike after a difference; both ends when that is not near."""
    ends = len(old), len(new)
    if max(ends[0] - old_at, ends[1] - new_at) <= _WINDOW:
        return ends
    for distance in range(1, _WINDOW + 1):
        for a in range(old_at, min(old_at + distance + 1, ends[0])):
            b = new_at + distance - (a - old_at)
            if b < ends[1] and old[a] == new[b] and _goes_on(old[a : a + _SURE], new, b):
                return a, b
    return ends


def _goes_on(lines: Sequence[str], new: Sequence[str], at: int) -> bool:
    return len(lines) == _SURE and any(lines) and lines == new[at : at + _SURE]
