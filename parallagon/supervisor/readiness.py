"""Is everything up?"""

import http.client
import logging

from kombu.exceptions import OperationalError

from celery_app import app

logger = logging.getLogger(__name__)
WORKERS = {"cycles", "default"}


class Readiness:
    """Remember what has answered already, so that each is asked until it has, and no longer."""

    def __init__(self, *, host: str, port: int) -> None:
        self._address = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104
        self._waiting = {"web", *WORKERS}

    @property
    def waiting(self) -> set[str]:
        """The names of the processes that have not answered."""
        return set(self._waiting)

    def __call__(self) -> bool:
        """Ask those that have not answered; return whether all have."""
        if "web" in self._waiting and _web_answers(*self._address):
            self._waiting.discard("web")
        if self._waiting & WORKERS:
            self._waiting -= _workers_that_answer()
        return not self._waiting


def _web_answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _workers_that_answer() -> set[str]:
    try:
        replies = app.control.broadcast("ping", reply=True, timeout=0.5, limit=len(WORKERS)) or []
    except (OSError, OperationalError) as error:
        logger.debug("workers cannot be asked yet: %s", error)
        return set()
    return {name.partition("@")[0] for reply in replies for name in reply}
