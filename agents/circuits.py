"""Models that are ill are left alone: one circuit a model, shared by all workers."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from agents.judge import Ended
from agents.models import ILL, AgentRun, Failure
from agents.services.resume import TellOfCircuit
from parallagon.core.breaker import Breaker, BreakerPolicy, Change, CircuitOpen
from parallagon.core.errors import ParallagonError

logger = logging.getLogger(__name__)

PROBE_SPARE: Final = 60
"""Seconds beyond a run's own limit after which a probe that told nothing is taken for lost."""

ANSWERED: Final = frozenset(
    {
        Failure.UNAUTHORIZED,
        Failure.NOT_FOUND,
        Failure.REFUSED,
        Failure.REPLY_TOO_LONG,
        Failure.FILTERED,
        Failure.EMPTY,
        Failure.CONTEXT_TOO_LONG,
        Failure.EDITS_UNMATCHED,
        Failure.MALFORMED_REPLY,
    }
)
"""Failures of one request by which the provider shows that it is well."""


def policy() -> BreakerPolicy:
    return BreakerPolicy(
        failures=settings.PARALLAGON_BREAKER_FAILURES,
        window=settings.PARALLAGON_BREAKER_WINDOW_SECONDS,
        pause=settings.PARALLAGON_BREAKER_PAUSE_SECONDS,
        probe=settings.PARALLAGON_RUN_SECONDS + PROBE_SPARE,
    )


MODELS: Final = Breaker("models", policy)


def left_alone() -> list[dict[str, Any]]:
    """Return the models that are left alone for now: why, since when, and until when at least."""
    return [
        {
            "model": model,
            "state": circuit.state,
            "failure": circuit.reason,
            "opened_at": datetime.fromtimestamp(circuit.opened_at, UTC),
            "retry_at": datetime.fromtimestamp(circuit.retry_at, UTC),
        }
        for model, circuit in sorted(MODELS.circuits().items())
        if circuit.opened_at is not None
    ]


@contextmanager
def guarded(run: AgentRun, *, clock: Callable[[], datetime]) -> Iterator[None]:
    """Let a run use its model unless that is left alone, and learn from how the run goes.

    A run that a person asked for is the next probe, without waiting for the pause to end.

    Raises:
        Ended: ``stopped_breaker``, or whatever ended the run, which then waits for the next probe.
    """
    who = str(run.pk)
    try:
        is_asked = run.trigger == AgentRun.Trigger.PERSON
        MODELS.enter(run.model, who, now=clock().timestamp(), is_asked=is_asked)
    except CircuitOpen as error:
        raise Ended(
            AgentRun.Outcome.STOPPED_BREAKER,
            _("%(model)s is left alone for now: %(failure)s")
            % {"model": run.model, "failure": _label(error.reason)},
            failure=Failure.BREAKER_OPEN,
            wait=error.wait,
        ) from error
    try:
        yield
    except Ended as ended:
        _learn(run, who, ended, now=clock())
        raise
    except BaseException:
        MODELS.left(run.model, who, now=clock().timestamp())
        raise
    _tell(run.model, MODELS.answered(run.model), now=clock())


def _learn(run: AgentRun, who: str, ended: Ended, *, now: datetime) -> None:
    if ended.failure in ILL:
        change = MODELS.failed(
            run.model, who, now=now.timestamp(), wait=ended.wait, reason=ended.failure
        )
        if change.after.opened_at is not None:
            ended.wait = max(ended.wait, change.after.retry_at - now.timestamp())
        _tell(run.model, change, now=now)
    elif ended.failure in ANSWERED or ended.outcome == AgentRun.Outcome.REJECTED:
        _tell(run.model, MODELS.answered(run.model), now=now)
    else:
        MODELS.left(run.model, who, now=now.timestamp())


def _tell(model: str, change: Change, *, now: datetime) -> None:
    """Announce that a circuit has turned, once: of all processes only one sees it."""
    if not change.has_opened and not change.has_closed:
        return
    logger.warning("the circuit of %s is %s now", model, change.after.state)
    try:
        TellOfCircuit(model=model, circuit=change.after, now=now).execute()
    except ParallagonError:
        logger.exception("nobody was told of the circuit of %s", model)


def _label(reason: str) -> str:
    return str(Failure(reason).label) if reason in Failure.values else reason
