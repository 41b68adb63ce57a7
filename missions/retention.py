"""How long what nobody reads any more is kept: long enough to catch up, never for ever."""

from datetime import datetime, timedelta

from django.db.models import F

from missions import locks
from missions.models import Event, LandingRecord, Lease, Mission

KEPT_FOR = timedelta(days=7)
KEPT_A_MISSION = 10_000
LOCKS_KEPT_FOR = timedelta(hours=1)


def prune_events(now: datetime) -> int:
    """Remove events older than 7 days or beyond a mission's last 10,000; return how many."""
    old, _ = Event.objects.filter(at__lt=now - KEPT_FOR).delete()
    surplus = Event.objects.filter(seq__lte=F("mission__seq") - KEPT_A_MISSION)
    many, _ = surplus.delete()
    return old + many


def prune_records(now: datetime) -> int:
    """Remove landing records and leases that were closed more than 7 days ago; return how many."""
    before = now - KEPT_FOR
    done = LandingRecord.objects.filter(state=LandingRecord.State.DONE, closed_at__lt=before)
    records, _ = done.delete()
    leases, _ = Lease.objects.filter(released_at__lt=before).delete()
    return records + leases


def prune_locks(now: datetime) -> int:
    """Remove what dead workers and deleted missions left of their locks; return how many."""
    there = set(Mission.objects.values_list("pk", flat=True))
    return locks.forget_unused(before=now - LOCKS_KEPT_FOR, missions=there)
