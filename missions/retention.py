"""How long events are kept: long enough for anyone to catch up, never for ever."""

from datetime import datetime, timedelta

from django.db.models import F

from missions.models import Event

KEPT_FOR = timedelta(days=7)
KEPT_A_MISSION = 10_000


def prune_events(now: datetime) -> int:
    """Remove events older than 7 days or beyond a mission's last 10,000; return how many."""
    old, _ = Event.objects.filter(at__lt=now - KEPT_FOR).delete()
    surplus = Event.objects.filter(seq__lte=F("mission__seq") - KEPT_A_MISSION)
    many, _ = surplus.delete()
    return old + many
