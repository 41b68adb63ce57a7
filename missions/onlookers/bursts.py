"""Many edits of one file leave as one: a pure rule, which the clock is told to.

The first change of a file leaves at once; then at most one frame of it in `WINDOW` seconds, with
the last state. Order is by number, so what comes after a change that waits, waits too; nothing
waits longer than `WINDOW`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

WINDOW = 0.2


@dataclass(frozen=True, kw_only=True)
class Item:
    """A numbered event that stands for all numbers from ``covers`` to ``seq``.

    ``since`` is the revision that a file had before the first change it stands for.
    """

    seq: int
    covers: int
    kind: str
    data: Mapping[str, Any]
    text: str
    since: int | None = None

    @property
    def edited(self) -> str | None:
        """Return the path of a plain edit, which a later one makes superfluous."""
        is_edit = self.kind == "file.changed" and "moved_from" not in self.data
        return self.data.get("path") if is_edit else None


class Bursts:
    """What waits to leave, in the order of its numbers."""

    def __init__(self) -> None:
        self._waiting: list[Item] = []
        self._left_at: dict[str, float] = {}

    def take(self, item: Item) -> None:
        """Take in the next event; numbers only grow."""
        self._waiting.append(item)

    def release(self, now: float) -> list[Item]:
        """Return what leaves now."""
        self._left_at = {path: at for path, at in self._left_at.items() if at + WINDOW > now}
        items = _merged(self._waiting)
        leaving = 0
        while leaving < len(items) and self._may_leave(items[leaving], now):
            leaving += 1
        self._waiting = items[leaving:]
        return items[:leaving]

    def next_at(self) -> float | None:
        """Return when something is to be released again."""
        if not self._waiting:
            return None
        path = self._waiting[0].edited
        return self._left_at.get(path or "", 0.0) + WINDOW

    def _may_leave(self, item: Item, now: float) -> bool:
        path = item.edited
        if path is not None:
            if path in self._left_at:
                return False
            self._left_at[path] = now
        return True


def _merged(items: list[Item]) -> list[Item]:
    """Leave out the edits that a later event about the same file makes superfluous.

    The next event covers their numbers. It does not where a number in between was never heard:
    then it is for listeners to notice the hole.
    """
    kept: list[Item] = []
    since: dict[str, int | None] = {}
    covers: int | None = None
    superfluous = _superfluous(items)
    for index, item in enumerate(items):
        begin = item.covers if covers is None else covers
        if index in superfluous:
            since.setdefault(str(item.edited), item.since)
            covers = begin if items[index + 1].covers == item.seq + 1 else None
            continue
        firsts = [since.pop(path) for path in _about(item) if path in since]
        first = firsts[0] if firsts and item.edited else item.since
        kept.append(replace(item, covers=begin, since=first))
        covers = None
    return kept


def _superfluous(items: list[Item]) -> set[int]:
    """Return the indexes of edits after which the same file is changed again, moved or removed."""
    found: set[int] = set()
    later: set[str] = set()
    for index in range(len(items) - 1, -1, -1):
        if items[index].edited in later:
            found.add(index)
        later.update(_about(items[index]))
    return found


def _about(item: Item) -> list[str]:
    """Return the paths whose state an event tells."""
    if not item.kind.startswith("file."):
        return []
    return [item.data[name] for name in ("path", "moved_from") if name in item.data]
