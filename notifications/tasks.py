"""What runs in the background for notifications; any number of each may run at once."""

from celery import shared_task
from django.utils import timezone

from notifications.alerts.evaluate import EvaluateAlerts
from notifications.delivering import DeliverDue, is_at_work
from notifications.services import ForgetOld
from notifications.sources import FollowEvents, TellOfExpiring


@shared_task(name="notifications.follow", time_limit=60)
def follow() -> int:
    """Tell people what happened in missions since the last look."""
    return FollowEvents(now=timezone.now()).execute()


@shared_task(name="notifications.deliver", time_limit=120)
def deliver() -> int:
    """Send what waits for channels outside, unless somebody does: one slow receiver must not
    take all threads of the worker.
    """
    return 0 if is_at_work(now=timezone.now()) else DeliverDue().execute()


@shared_task(name="notifications.evaluate", time_limit=60)
def evaluate() -> int:
    """Look at every alert rule, unless somebody did a moment ago."""
    return EvaluateAlerts(now=timezone.now()).execute()


@shared_task(name="notifications.remind", time_limit=300)
def remind() -> int:
    """Tell people of proposals that will soon expire."""
    return TellOfExpiring(now=timezone.now()).execute()


@shared_task(name="notifications.forget", time_limit=300)
def forget() -> int:
    """Remove what nobody reads any more."""
    return ForgetOld(now=timezone.now()).execute()
