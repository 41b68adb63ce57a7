"""What becomes of each line from one revision to the next; pure.

A line stays whose it was as long as it is there, also where a paragraph moved. What two revisions
begin and end with is compared as bytes: most changes touch few lines of a long text, and only
what lies between is split and compared line by line.
"""

from collections import Counter

from missions.provenance.aligning import aligned
from missions.provenance.moving import moved

_BOM = b"\xef\xbb\xbf"
_CHUNK = 8192

# In the place of lines that need no more looking for: equal to no line, nor to each other.
_STAYED = "\n"
_KNOWN = "\n\n"


def normal(content: bytes) -> bytes:
    """Return a file's bytes as they are followed: LF, no BOM, each line ended.

    Whoever changes line ends, or writes below a last line that had none, has not written that line.
    """
    content = content.removeprefix(_BOM)
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content if content.endswith(b"\n") or not content else content + b"\n"


def follow(old: bytes, new: bytes, origins: list[int], number: int) -> None:
    """Bring ``origins``, the revision of each line of ``old``, up to date with ``new``.

    Lines that are new get ``number``. Both texts are ``normal``.
    """
    start = _common_start(old, new)
    end = _common_end(old, new, start)
    first = old.count(b"\n", 0, start)
    before = lines_of(old[start : len(old) - end])
    after = lines_of(new[start : len(new) - end])
    last = first + len(before)
    stretch = origins[first:last]
    kept = [0] * len(after)  # 0: nobody wrote it before
    for old_at, new_at, size in aligned(before, after):
        kept[new_at : new_at + size] = stretch[old_at : old_at + size]
        before[old_at : old_at + size] = [_STAYED] * size
    fresh = [_KNOWN if origin else line for line, origin in zip(after, kept, strict=True)]
    for old_at, new_at in moved(before, fresh, lambda seen: _once(old, new, seen)):
        kept[new_at] = stretch[old_at]
    origins[first:last] = [origin or number for origin in kept]


def lines_of(text: bytes) -> list[str]:
    """Split a ``normal`` text, or whole lines of it."""
    return text.decode(errors="surrogateescape").split("\n")[:-1]


def _once(old: bytes, new: bytes, seen: set[str]) -> set[str]:
    """Return those of ``seen`` that are one line of each whole text."""
    counts = [Counter(line for line in lines_of(text) if line in seen) for text in (old, new)]
    return {line for line in seen if all(count[line] == 1 for count in counts)}


def _common_start(old: bytes, new: bytes) -> int:
    """Return how many bytes of whole lines both begin with."""
    most = min(len(old), len(new))
    at = 0
    while at < most and old[at : at + _CHUNK] == new[at : at + _CHUNK]:
        at += _CHUNK
    low, high = min(at, most), min(at + _CHUNK, most)
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return old.rfind(b"\n", 0, low) + 1


def _common_end(old: bytes, new: bytes, start: int) -> int:
    """Return how many bytes of whole lines both end with, after ``start``."""
    most = min(len(old), len(new)) - start
    low, high = 0, most
    step = _CHUNK
    while low < high:
        size = min(low + step, high)
        if old[len(old) - size : len(old) - low] == new[len(new) - size : len(new) - low]:
            low = size
        elif size - low == 1:
            break
        else:
            high = size - 1
            step = max(1, (size - low) // 2)
    # The last of these bytes may be the end of a line that differs: begin after its end.
    return len(old) - (old.find(b"\n", len(old) - low) + 1) if low else 0
