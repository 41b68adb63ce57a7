"""What runs in the background for accounts."""

from celery import shared_task
from django.utils import timezone

from parallagon.accounts.services import PruneSignIns


@shared_task(name="accounts.prune", time_limit=300)
def prune() -> int:
    """Forget the sessions, tokens and tickets that have ended."""
    return PruneSignIns(now=timezone.now()).execute()
