"""What runs in the background for accounts."""

from celery import shared_task
from django.utils import timezone

from parallagon.accounts.repeats import forget_answers
from parallagon.accounts.services import PruneSignIns


@shared_task(name="accounts.prune", time_limit=300)
def prune() -> int:
    """Forget the sessions, tokens and tickets that have ended, and answers that are a day old."""
    now = timezone.now()
    return PruneSignIns(now=now).execute() + forget_answers(now=now)
