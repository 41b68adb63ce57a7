"""A look at alert rules from a process that needs neither a worker nor the clock.

Beat and the default worker look every few seconds. When one of them is gone nobody would say so;
therefore the watcher, which the supervisor starts for itself, looks too. Whose turn it is decides
the database, so two who look cost no more than one.
"""

import logging
import threading

import redis
from django.db import close_old_connections
from django.utils import timezone

from notifications.alerts.evaluate import EVERY, EvaluateAlerts
from notifications.tasks import deliver
from parallagon.core import heartbeats

logger = logging.getLogger(__name__)


class Lookout(threading.Thread):
    """Look until ``is_over`` is set; a database or Redis that is gone is asked again."""

    def __init__(self, is_over: threading.Event) -> None:
        super().__init__(name="lookout", daemon=True)
        self._is_over = is_over

    def run(self) -> None:
        """Look every few seconds."""
        while not self._is_over.wait(EVERY.total_seconds()):
            self.look()

    def look(self) -> None:
        """Look once, and send what waits for channels outside where no worker would."""
        close_old_connections()
        try:
            EvaluateAlerts(now=timezone.now()).execute()
            if _is_nobody_sending():
                deliver()
        except Exception as error:  # noqa: BLE001, RUF100 - whoever looks outlives whatever fails
            logger.warning("no look at alerts this time: %s", error)
        finally:
            close_old_connections()


def _is_nobody_sending() -> bool:
    try:
        return bool(heartbeats.silent(["default"]))
    except redis.RedisError:
        return True
