"""How long what agents went through is kept."""

from datetime import datetime, timedelta
from typing import Final

from agents.models import AgentTransition

KEPT_FOR: Final = timedelta(days=30)
BATCH: Final = 5000
"""Rows removed at once: a long delete would keep runs waiting."""


def prune_transitions(now: datetime) -> int:
    """Remove the transitions that are older than 30 days; return how many."""
    removed = 0
    while True:
        old = AgentTransition.objects.filter(at__lt=now - KEPT_FOR).order_by("pk")
        keys = list(old.values_list("pk", flat=True)[:BATCH])
        removed += AgentTransition.objects.filter(pk__in=keys).delete()[0] if keys else 0
        if len(keys) < BATCH:
            return removed
