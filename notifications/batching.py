"""What goes together: pure, so that its promises can be tried on anything.

Nothing is lost or doubled; each batch is of one person and one channel, in the order in which its
messages were told; what is urgent never waits, and takes along what waited before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(seconds=60)
MOST: Final = 20


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A message that waits for a channel."""

    pk: int
    user: int
    channel: str
    is_urgent: bool
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Messages that go to one person over one channel, together."""

    user: int
    channel: str
    pks: tuple[int, ...]


def due(waiting: Iterable[Waiting], *, now: datetime, window: timedelta = WINDOW) -> list[Batch]:
    """Return what should go now; batches with something urgent first, then the longest waiting."""
    groups: dict[tuple[int, str], list[Waiting]] = defaultdict(list)
    for one in waiting:
        groups[one.user, one.channel].append(one)
    ready = [sorted(group, key=_order) for group in groups.values()]
    ready = [group for group in ready if _is_ready(group, now=now, window=window)]
    ready.sort(key=lambda group: (not any(one.is_urgent for one in group), *_order(group[0])))
    return [batch for group in ready for batch in _batches(group)]


def _order(one: Waiting) -> tuple[datetime, int]:
    return one.since, one.pk


def _is_ready(group: Sequence[Waiting], *, now: datetime, window: timedelta) -> bool:
    has_waited = group[0].since + window <= now
    return has_waited or len(group) >= MOST or any(one.is_urgent for one in group)


def _batches(group: Sequence[Waiting]) -> Iterator[Batch]:
    for start in range(0, len(group), MOST):
        part = group[start : start + MOST]
        first = part[0]
        yield Batch(user=first.user, channel=first.channel, pks=tuple(one.pk for one in part))
