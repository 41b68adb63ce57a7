"""The failures Parallagon expects, and the one place that captures the others.

    ParallagonError
    ├── ValidationError            what was given cannot be used (422)
    │   └── TooLarge               … because there is too much of it (413)
    ├── ResourceNotFoundError      what was asked for is not there, or not yours to see (404)
    │   └── Gone                   … any more: it was kept for a time, and that is over (410)
    ├── PermissionDeniedError      you may see it, but not do this (403)
    ├── Conflict                   someone else was faster (409)
    │   └── PreconditionFailed     … and you asked to be told, not merged (412)
    ├── ServiceError               an operation could not be carried out (500)
    │   └── DependencyUnavailable  … because something it needs is down (503)
    ├── AgentError                 a cycle could not be carried out (500)
    ├── FileOperationError         the folder or the disk refused (500)
    └── LockError                  a lock was busy for too long (503)

Each carries a stable ``code`` for programs, a sentence for people, and details as keywords.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

logger = logging.getLogger(__name__)


class ParallagonError(Exception):
    """A failure that was foreseen; ``str()`` is a sentence for a person."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, /, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class ValidationError(ParallagonError):
    code = "invalid"
    status = 422


class TooLarge(ValidationError):  # noqa: N818 - says what is wrong
    code = "too_large"
    status = 413


class ResourceNotFoundError(ParallagonError):
    code = "not_found"
    status = 404


class Gone(ResourceNotFoundError):  # noqa: N818 - it is the name of an HTTP status too
    code = "gone"
    status = 410


class PermissionDeniedError(ParallagonError):
    code = "forbidden"
    status = 403


class Conflict(ParallagonError):  # noqa: N818 - it is the name of an HTTP status too
    code = "conflict"
    status = 409


class PreconditionFailed(Conflict):
    code = "precondition_failed"
    status = 412


class ServiceError(ParallagonError):
    code = "service_failed"


class DependencyUnavailable(ServiceError):  # noqa: N818 - says what happened
    code = "unavailable"
    status = 503


class AgentError(ParallagonError):
    code = "agent_failed"


class FileOperationError(ParallagonError):
    code = "file_failed"


class LockError(ParallagonError):
    code = "locked"
    status = 503


class ErrorHandler:
    """Turn what went wrong in one operation into a ``ParallagonError``, once, with its context.

    Expected failures pass through untouched and are logged as information; anything else is a
    defect: logged with its trace and raised as ``wrap`` with the original as its cause.
    """

    def __init__(self, operation: str, *, wrap: type[ParallagonError] = ServiceError) -> None:
        self.operation = operation
        self.wrap = wrap

    def handle(self, error: Exception, /, **context: Any) -> ParallagonError:
        """Log ``error`` and return what the caller should raise."""
        if isinstance(error, ParallagonError):
            logger.info(
                "%s refused: %s",
                self.operation,
                error.message,
                extra={"operation": self.operation, "code": error.code, **context},
            )
            return error
        logger.error(
            "%s failed unexpectedly",
            self.operation,
            exc_info=error,
            extra={"operation": self.operation, **context},
        )
        wrapped = self.wrap(f"{self.operation} failed because of an unexpected error.")
        wrapped.__cause__ = error
        return wrapped

    @contextmanager
    def capture(self, **context: Any) -> Iterator[None]:
        """Run a block; whatever it raises leaves as a ``ParallagonError``.

        Raises:
            ParallagonError: whatever the block raised, handled.
        """
        try:
            yield
        except Exception as error:
            handled = self.handle(error, **context)
            if handled is error:
                raise
            raise handled from error
