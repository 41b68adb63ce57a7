"""The base of every operation that writes."""

import logging
import time
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from parallagon.core import database
from parallagon.core.errors import ErrorHandler, ParallagonError, ServiceError

Result = TypeVar("Result")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class BaseService(Generic[Result]):
    """One operation of the domain: its fields are its input and its collaborators.

    A subclass is a frozen keyword-only dataclass named Verb + Noun, sets ``operation`` (a dotted
    name for logs) and implements ``_perform``; what happens every second sets a lower
    ``log_level``. Collaborators are fields with defaults, so that a
    test passes its own::

        @dataclass(frozen=True, kw_only=True)
        class StopAgent(BaseService[Agent]):
            operation = "agents.agent.stop"
            agent: Agent
            now: datetime
    """

    operation: ClassVar[str]
    wraps_errors_as: ClassVar[type[ParallagonError]] = ServiceError
    log_level: ClassVar[int] = logging.INFO

    def execute(self) -> Result:
        """Validate the input, perform the operation and log it.

        Raises:
            ParallagonError: for every failure, foreseen or not.
        """
        started = time.perf_counter()
        try:
            with database.foreseen():
                self._validate_input()
                result = self._perform()
        except Exception as error:
            handled = self._handle_error(error)
            if handled is error:
                raise
            raise handled from error
        self._log_operation(time.perf_counter() - started)
        return result

    def _validate_input(self) -> None:
        """Raise ``ValidationError`` or ``Conflict`` before anything is touched."""

    def _perform(self) -> Result:
        raise NotImplementedError

    def _handle_error(self, error: Exception) -> ParallagonError:
        return ErrorHandler(self.operation, wrap=self.wraps_errors_as).handle(error)

    def _log_operation(self, seconds: float) -> None:
        logger.log(
            self.log_level,
            "%s done in %.1f ms",
            self.operation,
            seconds * 1000,
            extra={"operation": self.operation, "duration_ms": round(seconds * 1000, 1)},
        )
