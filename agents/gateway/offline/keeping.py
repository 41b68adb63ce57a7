"""Renewing a document without losing what people wrote into it.

The writer makes the whole document anew. Lines of the old one that it did not write itself follow
the line that stood before them; all else gives way. Renewing twice changes nothing more.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

Naming = Callable[[str], str | None]


@dataclass
class _Note:
    """Lines of a person: whether a blank line stands before and after them."""

    lines: list[str]
    is_apart: bool
    is_followed: bool


def renew(old: str, new: str, name_of: Naming) -> str:
    """Return `new` with the lines of `old` that `name_of` does not know as the writer's own."""
    lines = new.rstrip("\n").split("\n")
    notes, rest = _notes(old.strip("\n").split("\n"), lines, name_of)
    result: list[str] = []
    for index, (anchor, line) in enumerate(_anchors(lines, name_of)):
        result.append(line)
        for note in notes.get(anchor, []) if anchor else []:
            following = lines[index + 1] if index + 1 < len(lines) else ""
            result += _placed(note, is_needed=bool(following))
    for note in rest:
        result += ["", *note.lines]
    return "\n".join(result) + "\n"


def _placed(note: _Note, *, is_needed: bool) -> list[str]:
    before = [""] if note.is_apart else []
    after = [""] if note.is_followed and is_needed else []
    return [*before, *note.lines, *after]


def _anchors(lines: list[str], name_of: Naming) -> list[tuple[str, str]]:
    """Return (name, line) for each line: its phrase's name or else itself, counted when it stands
    several times; a blank line has no name."""
    counts: dict[str, int] = defaultdict(int)
    anchors = []
    for line in lines:
        name = (name_of(line) or line) if line.strip() else ""
        counts[name] += 1
        anchors.append((f"{counts[name]} {name}" if name else "", line))
    return anchors


def _notes(
    old: list[str], new: list[str], name_of: Naming
) -> tuple[dict[str, list[_Note]], list[_Note]]:
    """Return the notes by the name of the line they follow, and those with none to follow."""
    known = {anchor for anchor, _ in _anchors(new, name_of) if anchor}
    placed: dict[str, list[_Note]] = defaultdict(list)
    rest: list[_Note] = []
    last = ""
    note: _Note | None = None
    blanks = 0
    for anchor, line in _anchors(old, name_of):
        if not line.strip():
            blanks += 1
            continue
        if anchor in known or name_of(line) is not None:
            if note is not None:
                note.is_followed = blanks > 0
            note = None
            last = anchor if anchor in known else last
        elif note is not None:
            note.lines += [""] * min(blanks, 1) + [line]
        else:
            note = _Note([line], blanks > 0, is_followed=True)
            (placed[last] if last else rest).append(note)
        blanks = 0
    return placed, rest
