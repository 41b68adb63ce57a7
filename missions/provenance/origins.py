"""What is known of each line, and how that is kept: small enough for a row, whole without others.

The facts of every revision that a line points to are kept with it, so that they are still known
when the revision itself has been thinned out.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import zstandard

_VERSION = 1
_LEVEL = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Origin(NamedTuple):
    """A revision as the author of lines; its row may be gone.

    ``told`` is the name of a person without an account here.
    """

    number: int
    operation: str
    kind: str
    user_id: int | None
    role: str
    run_id: uuid.UUID | None
    at: datetime
    told: str = ""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Who wrote each line of a file as of revision ``number``.

    Attributes:
        lines: the number of the revision that each line comes from.
        origins: the facts of those revisions (and perhaps others), by number.
    """

    number: int
    lines: tuple[int, ...]
    origins: Mapping[int, Origin]

    def spans(self) -> list[tuple[int, int]]:
        """Return ``(lines, revision)`` from top to bottom."""
        return [(len(list(same)), number) for number, same in groupby(self.lines)]

    def used(self) -> list[Origin]:
        """Return the revisions that lines come from, in order."""
        return [self.origins[number] for number in sorted(set(self.lines))]


def pack(attribution: Attribution) -> bytes:
    """Return an attribution as it is kept."""
    by = [_packed(origin) for origin in attribution.used()]
    data = {"v": _VERSION, "n": attribution.number, "lines": attribution.spans(), "by": by}
    packed = json.dumps(data, separators=(",", ":")).encode()
    return zstandard.ZstdCompressor(level=_LEVEL).compress(packed)


def unpack(packed: bytes) -> Attribution | None:
    """Return what ``pack`` kept; ``None`` for what another version kept otherwise."""
    data = json.loads(zstandard.ZstdDecompressor().decompress(packed))
    if data["v"] != _VERSION:
        return None
    return Attribution(
        number=data["n"],
        lines=tuple(_unrolled(data["lines"])),
        origins={row[0]: _unpacked(row) for row in data["by"]},
    )


Row = tuple[int, str, str, int | None, str, str | None, int, str]


def _packed(origin: Origin) -> Row:
    run = origin.run_id.hex if origin.run_id else None
    return (*origin[:5], run, (origin.at - _EPOCH) // _MICROSECOND, origin.told)


def _unpacked(row: Row) -> Origin:
    run = uuid.UUID(hex=row[5]) if row[5] else None
    return Origin(*row[:5], run, _EPOCH + row[6] * _MICROSECOND, *row[7:])


def _unrolled(spans: Iterable[tuple[int, int]]) -> Iterable[int]:
    for count, number in spans:
        yield from (number,) * count
