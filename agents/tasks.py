"""Background work: ticks of the dispatcher, cycles, the reaper."""

import logging
from collections.abc import Sequence
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from agents import retention, worker
from agents.cycle import run_cycle
from agents.selectors import RESEND_AFTER, origins_of
from agents.services import Dispatch, MarkSent, ReapRun, SendRuns
from agents.services.reap import may_have_slept, silent_runs
from parallagon.core import telemetry
from parallagon.core.errors import DependencyUnavailable, ParallagonError
from parallagon.core.retry import RetryPolicy, safe_operation

logger = logging.getLogger(__name__)


@shared_task(name="agents.dispatch", expires=5)
def dispatch() -> None:
    """Queue who is due and send each run's id to the workers."""
    send_all(Dispatch(now=timezone.now()).execute())


def send_all(run_ids: Sequence[UUID]) -> None:
    """Send runs to the workers; those that cannot be sent are for the next tick."""
    origins = origins_of(run_ids) if telemetry.is_on() else {}
    for sent, run_id in enumerate(run_ids):
        try:
            with telemetry.span("agents.send", {"run": run_id}, origin=origins.get(run_id, "")):
                send(run_id)
        except DependencyUnavailable as error:
            logger.warning("%s runs were not sent: %s", len(run_ids) - sent, error)
            MarkSent(run_ids=run_ids[sent:]).execute()
            return


@safe_operation(
    "agents.run.send",
    retry=RetryPolicy(attempts=2, within=2, on=(OperationalError,)),
    wrap=DependencyUnavailable,
)
def send(run_id: UUID) -> None:
    """Send a run's id to the workers.

    Raises:
        DependencyUnavailable: the broker does not answer; the next tick tries again.
    """
    execute_run.delay(run_id=str(run_id))


@shared_task(name="agents.execute_run", expires=2 * RESEND_AFTER.total_seconds())
def execute_run(*, run_id: str) -> None:
    """Carry out one run. The database owns it: a second message finds nothing to do.

    A message that has waited for long is void: the dispatcher has sent another one.
    """
    run_cycle(UUID(run_id), workshop=worker.workshop())
    # Runs that take no time would else wait for the next tick, a handful at a time.
    send_all(SendRuns(now=timezone.now(), least=settings.PARALLAGON_CYCLES).execute())


@shared_task(name="agents.prune", time_limit=1800)
def prune() -> int:
    """Remove what agents and runs went through too long ago; return how many rows and folders."""
    now = timezone.now()
    return retention.prune_transitions(now) + retention.prune_run_folders(now)


@shared_task(name="agents.reap", expires=10)
def reap() -> None:
    """End the runs whose worker died."""
    now = timezone.now()
    if may_have_slept(now=now):
        return
    for run in silent_runs(now=now):
        try:
            ReapRun(run=run, now=now).execute()
        except ParallagonError as error:
            logger.info("run %s was not reaped: %s", run.pk, error)
