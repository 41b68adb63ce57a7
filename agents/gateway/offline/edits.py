"""Edits in Aider's own formats: from a text as it is to the text as it should be.

`diff` blocks are checked by applying them here the way Aider does, so that a block that would not
match, or would match elsewhere, is never sent.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath

MARKER = re.compile(r"(?:<{5,9} SEARCH>?|={5,9}|>{5,9} REPLACE)\s*$")
MAX_COMPARED = 1500
"""Lines beyond which two texts are not compared line by line; what differs is replaced whole."""

MAX_PIECES = 60
"""Blocks into which one addition is split; finding a place for each costs a walk of the file."""


class Inexpressible(Exception):  # noqa: N818 - the name says what is wrong with the edit
    """The change cannot be written in the format that was asked for."""


@dataclass(frozen=True)
class Change:
    """One stretch of lines to replace: `lines[start:end]` becomes `new`."""

    start: int
    end: int
    new: tuple[str, ...]


def write_edits(
    changes: Mapping[str, tuple[str, str]],
    *,
    edit_format: str,
    fence: tuple[str, str],
    others: Mapping[str, str],
) -> str:
    """Return the edits that turn each old text into the new one (path to old and new).

    `others` are the further files that Aider could edit: no block may match there. Raises
    Inexpressible.
    """
    write = _whole if edit_format == "whole" else _diff
    listings: list[str] = []
    for path, (old, new) in changes.items():
        elsewhere = [text for other, text in others.items() if other != path]
        listings.extend(write(path, old, new, fence, elsewhere))
    return "\n\n".join(listings) + "\n"


def _whole(
    path: str, old: str, new: str, fence: tuple[str, str], elsewhere: Sequence[str]
) -> Iterator[str]:
    if any(line.startswith(fence) for line in new.splitlines()):
        raise Inexpressible(f"{path} holds a line that begins like the fence")
    yield f"{path}\n{fence[0]}\n{new}{fence[1]}"


def _diff(
    path: str, old: str, new: str, fence: tuple[str, str], elsewhere: Sequence[str]
) -> Iterator[str]:
    state = _lines(old)
    goal = _lines(new)
    if not old.strip():
        # Aider has no way to replace blank lines; it adds to them.
        goal = [*state, *goal]
    others = [_lines(text) for text in elsewhere]
    for change in _changes(state, goal):
        for step in _steps(change, len(state) - len(_lines(old))):
            search, replace = _block(step, state, _Guard(PurePosixPath(path).name, fence), others)
            state = _applied(state, search, replace)
            body = ["<<<<<<< SEARCH\n", *search, "=======\n", *replace, ">>>>>>> REPLACE\n"]
            yield f"{path}\n{fence[0]}\n{''.join(body)}{fence[1]}"
    if state != goal:
        raise Inexpressible(f"the blocks for {path} do not lead to its text")


def _lines(text: str) -> list[str]:
    if text and not text.endswith("\n"):
        text += "\n"
    return text.splitlines(keepends=True)


def _changes(old: list[str], new: list[str]) -> list[Change]:
    """Return what differs, in reading order; positions are those in the old text."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < min(len(old), len(new)) - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_end, new_end = len(old) - tail, len(new) - tail
    if max(old_end, new_end) - start > MAX_COMPARED:
        return [Change(start, old_end, tuple(new[start:new_end]))]
    matcher = SequenceMatcher(None, old[start:old_end], new[start:new_end], autojunk=False)
    return [
        Change(start + i, start + j, tuple(new[start + k : start + m]))
        for tag, i, j, k, m in matcher.get_opcodes()
        if tag != "equal"
    ]


def _steps(change: Change, shift: int) -> Iterator[Change]:
    """Split a long addition before its headings: one block a section, in reading order.

    `shift` is by how many lines the changes before this one have moved its place.
    """
    start, end = change.start + shift, change.end + shift
    for piece in _pieces(change.new):
        yield Change(start, end, piece)
        start += len(piece)
        end = start


def _pieces(lines: tuple[str, ...]) -> list[tuple[str, ...]]:
    starts = [0]
    for index, line in enumerate(lines):
        if line.startswith("## ") and index > starts[-1]:
            begin = index - 1 if not lines[index - 1].strip() else index
            if any(text.strip() for text in lines[starts[-1] : begin]):
                starts.append(begin)
    starts = starts[:: len(starts) // MAX_PIECES + 1]
    ends = [*starts[1:], len(lines)]
    return [lines[start:end] for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class _Guard:
    """What a block may not hold: marks of the format, or a first line that Aider would strip."""

    name: str
    fence: tuple[str, str]

    def is_readable(self, lines: Sequence[str]) -> bool:
        if any(MARKER.match(line.strip()) for line in lines):
            return False
        if not lines:
            return True
        is_named = lines[0].strip().endswith(self.name)
        return not is_named and not lines[0].startswith(self.fence[0])


def _block(
    change: Change, state: list[str], guard: _Guard, others: list[list[str]]
) -> tuple[list[str], list[str]]:
    """Return SEARCH and REPLACE lines that make `change` and match nowhere else.

    Raises Inexpressible when no amount of context will do.
    """
    if not any(line.strip() for line in state):
        if not guard.is_readable(change.new):
            raise Inexpressible("a new text begins with the name of its file")
        return [], list(change.new)
    for before, after in _contexts(change, len(state)):
        search = state[change.start - before : change.end + after]
        replace = [
            *state[change.start - before : change.start],
            *change.new,
            *state[change.end : change.end + after],
        ]
        if not (guard.is_readable(search) and guard.is_readable(replace)):
            continue
        if any(line.strip() for line in search) and _is_unique(search, state, others):
            return search, replace
    raise Inexpressible("no lines around the change are like no others")


def _contexts(change: Change, length: int) -> Iterator[tuple[int, int]]:
    """Yield (lines before, lines after) to quote, fewest first; lines before come first."""
    most_before, most_after = change.start, length - change.end
    for total in range(min(most_before + most_after, 40) + 1):
        for after in range(total + 1):
            if total - after <= most_before and after <= most_after:
                yield total - after, after


def _is_unique(search: list[str], state: list[str], others: list[list[str]]) -> bool:
    return _count(search, state) == 1 and not any(_count(search, other) for other in others)


def _count(part: list[str], lines: list[str]) -> int:
    size = len(part)
    return sum(
        lines[at] == part[0] and lines[at : at + size] == part
        for at in range(len(lines) - size + 1)
    )


def _applied(state: list[str], search: list[str], replace: list[str]) -> list[str]:
    if not search:
        return [*state, *replace]
    size = len(search)
    at = next(i for i in range(len(state) - size + 1) if state[i : i + size] == search)
    return [*state[:at], *replace, *state[at + size :]]
