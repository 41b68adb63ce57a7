"""Trying again, with a policy (tenacity does the waiting)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from parallagon.core.errors import ErrorHandler, ParallagonError, ServiceError

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
logger = logging.getLogger(__name__)

_RAISE = object()


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long to try; delays grow exponentially with jitter, in seconds."""

    attempts: int = 3
    first_delay: float = 0.05
    longest_delay: float = 2.0
    within: float = 30.0
    on: tuple[type[Exception], ...] = (OSError, ConnectionError, TimeoutError)


def safe_operation(
    operation: str,
    *,
    retry: RetryPolicy | None = None,
    wrap: type[ParallagonError] = ServiceError,
    fallback: Any = _RAISE,
) -> Callable[[Callable[Parameters, Returned]], Callable[Parameters, Returned]]:
    """Retry the decorated function by ``retry`` and give its failures one form.

    Args:
        operation: dotted name, for the log.
        retry: ``None`` tries once.
        wrap: what an unexpected failure is raised as.
        fallback: returned instead of raising, when given.

    Raises:
        ParallagonError: the last failure, unless there is a fallback.
    """
    handler = ErrorHandler(operation, wrap=wrap)
    retrying = _retrying(operation, retry or RetryPolicy(attempts=1))

    def decorate(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
        @wraps(function)
        def attempt(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
            try:
                return retrying.copy()(function, *args, **kwargs)
            except Exception as error:
                handled = handler.handle(error)
                if fallback is not _RAISE:
                    return cast("Returned", fallback)
                if handled is error:
                    raise
                raise handled from error

        return attempt

    return decorate


def _retrying(operation: str, policy: RetryPolicy) -> Retrying:
    def log(state: RetryCallState) -> None:
        reason = state.outcome.exception() if state.outcome else None
        logger.info("%s: attempt %s failed (%s)", operation, state.attempt_number, reason)

    return Retrying(
        stop=stop_after_attempt(policy.attempts) | stop_after_delay(policy.within),
        wait=wait_exponential_jitter(multiplier=policy.first_delay, max=policy.longest_delay),
        retry=retry_if_exception_type(policy.on),
        before_sleep=log,
        reraise=True,
    )
