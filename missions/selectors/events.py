"""What happened since someone looked."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from missions.models import (
    Event,
    Membership,
    Mission,
)
from missions.selectors.missions import LARGEST_ID
from parallagon.core.errors import (
    ResourceNotFoundError,
)

MOST_EVENTS = 1000


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What follows a number: the events in order, or the advice to fetch everything again.

    ``seq`` is the number of the mission's last event; ``oldest`` the first that is still kept.
    """

    seq: int
    oldest: int
    events: tuple[Event, ...]
    must_resync: bool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a mission stands, and who is in it.

    ``roles`` is by the key of each member whose account is active; ``inactive`` are the others.
    """

    seq: int
    roles: Mapping[int, str]
    inactive: frozenset[int]


def standing(*, mission_id: int) -> Standing | None:
    """Return the number of the last event and the members; ``None`` if there is no such mission."""
    seq = Mission.objects.kept().filter(pk=mission_id).values_list("seq", flat=True).first()
    if seq is None:
        return None
    members = Membership.objects.filter(mission_id=mission_id).values_list(
        "user_id", "role", "user__is_active"
    )
    roles = {user: role for user, role, is_active in members if is_active}
    inactive = frozenset(user for user, _role, is_active in members if not is_active)
    return Standing(seq=seq, roles=roles, inactive=inactive)


def events_after(*, mission_id: int, after: int, limit: int = MOST_EVENTS) -> list[Event]:
    """Return up to ``limit`` events with a number above ``after``, in order."""
    events = Event.objects.filter(mission_id=mission_id, seq__gt=min(after, LARGEST_ID))
    return list(events.order_by("seq")[:limit])


def live_position(*, mission_id: int) -> tuple[int, int]:
    """Return the number of the last event, and of the oldest that is kept (else the next one).

    Raises:
        ResourceNotFoundError: the mission is gone.
    """
    oldest = Event.objects.filter(mission=OuterRef("pk")).order_by("seq").values("seq")[:1]
    row = (
        Mission.objects.filter(pk=mission_id)
        .annotate(oldest=Subquery(oldest))
        .values_list("seq", "oldest")
        .first()
    )
    if row is None:
        raise ResourceNotFoundError("There is no such mission.")
    seq, kept = row
    return seq, seq + 1 if kept is None else kept


def missed_events(*, mission_id: int, after: int) -> Missed:
    """Return what someone who has everything up to ``after`` lacks.

    Too much (more than 1,000), too old (no longer kept), or a number from the future: no events,
    ``must_resync``.

    Raises:
        ResourceNotFoundError: the mission is gone.
    """
    seq, oldest = live_position(mission_id=mission_id)
    events: tuple[Event, ...] = ()
    is_lost = after > seq or seq - after > MOST_EVENTS
    if after < seq and not is_lost:
        events = tuple(events_after(mission_id=mission_id, after=after))
        is_lost = not events or events[0].seq != after + 1
    if is_lost:
        return Missed(seq=seq, oldest=oldest, events=(), must_resync=True)
    last = events[-1].seq if events else seq
    return Missed(seq=max(seq, last), oldest=oldest, events=events, must_resync=False)


def seen_by(*, user_id: int, mission_id: int) -> int | None:
    """Return the number of the last event if the user may (still) look on, else ``None``."""
    if mission_id > LARGEST_ID:
        return None
    return (
        Mission.objects.filter(
            pk=mission_id, memberships__user_id=user_id, memberships__user__is_active=True
        )
        .exclude(state=Mission.State.DELETED)
        .values_list("seq", flat=True)
        .first()
    )
