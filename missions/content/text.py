"""Text out of bytes and back: what a person or an agent edits always has LF and no BOM.

The line endings and the BOM of the file are put back when it is written, byte for byte on lines
that nobody touched, also where one file mixes several kinds.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from missions.diff import matching_blocks
from parallagon.core.errors import ValidationError

_BOM = b"\xef\xbb\xbf"
_ENDING = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, kw_only=True)
class TextContent:
    """A file's text with LF, and what its bytes had instead."""

    text: str
    newline: str = "\n"  # the most frequent line ending
    has_bom: bool = False
    endings: tuple[str, ...] = ()  # of each line, only where they differ


def decode(content: bytes) -> TextContent:
    """Read the bytes of a file.

    Raises:
        ValidationError: they are not UTF-8.
    """
    has_bom = content.startswith(_BOM)
    try:
        text = content[len(_BOM) if has_bom else 0 :].decode()
    except UnicodeDecodeError as error:
        raise ValidationError(
            _("This is not UTF-8 text (byte %(position)s).") % {"position": error.start},
            position=error.start,
        ) from error
    if "\r" not in text:
        return TextContent(text=text, has_bom=has_bom)
    endings: list[str] = _ENDING.findall(text)
    counted = Counter(endings)
    return TextContent(
        text=_ENDING.sub("\n", text),
        newline=counted.most_common(1)[0][0],
        has_bom=has_bom,
        endings=tuple(endings) if len(counted) > 1 else (),
    )


def encode(text: str, like: TextContent | None = None) -> bytes:
    """Return the bytes of ``text`` (LF) with the line endings and the BOM of ``like``.

    Raises:
        ValidationError: the text holds half of a surrogate pair.
    """
    if like is None:
        return _to_bytes(text)
    if like.endings:
        text = _with_endings(text, like)
    elif like.newline != "\n":
        text = text.replace("\n", like.newline)
    return (_BOM if like.has_bom else b"") + _to_bytes(text)


def encode_new(text: str) -> bytes:
    """Return the bytes of a new file, whose line endings are those that its author sent."""
    return _to_bytes(text)


def to_lf(text: str) -> str:
    """Return ``text`` as it is merged and compared: LF, no BOM."""
    text = text.removeprefix("\ufeff")
    return _ENDING.sub("\n", text) if "\r" in text else text


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValidationError(
            _("The text holds half of a character (position %(position)s).")
            % {"position": error.start},
            position=error.start,
        ) from error


def _with_endings(text: str, like: TextContent) -> str:
    """Give each line that ``like`` has too the ending it had there, new ones the usual ending."""
    old, new = like.text.split("\n"), text.split("\n")
    endings = [like.newline] * (len(new) - 1)
    kept = set()
    for before, after in _same_lines(old, new):
        if before < len(like.endings) and after < len(endings):
            endings[after] = like.endings[before]
            kept.add(after)
    for at in range(1, len(endings)):
        if endings[at - 1] == "\r" and not new[at] and endings[at] == "\n":
            # Together they would be read as one line end.
            endings[at if at - 1 in kept else at - 1] = "\r\n"
    return "".join(part for pair in zip(new, [*endings, ""], strict=True) for part in pair)


def _same_lines(old: list[str], new: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of the lines that both have.

    What both begin and end with is left out of the comparison, and lines that were changed in
    place stay in place: lines that repeat would be taken for each other.
    """
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    most -= start
    end = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    yield from zip(range(start), range(start), strict=True)
    middle = _paired(old[start : len(old) - end], new[start : len(new) - end])
    yield from ((start + before, start + after) for before, after in middle)
    yield from zip(range(len(old) - end, len(old)), range(len(new) - end, len(new)), strict=True)


def _paired(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Pair equal lines; each at its own place where that keeps as many as moving them would."""
    moved = [
        (before + offset, after + offset)
        for before, after, size in matching_blocks(old, new)
        for offset in range(size)
    ]
    if len(old) != len(new):
        return moved
    in_place = [(at, at) for at, line in enumerate(old) if line == new[at]]
    return in_place if len(in_place) >= len(moved) else moved
