"""The workshop of this worker process: opened when the worker of the cycles starts."""

import logging
import threading
from typing import Any

from celery.signals import worker_init, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.utils import timezone

from agents.pulse import Pulse
from agents.services import ReconcileRoles, ResumeUnconfigured
from agents.workshop import Workshop
from parallagon.core.errors import ParallagonError

logger = logging.getLogger(__name__)

QUEUE = "cycles"
_lock = threading.Lock()
_workshop: Workshop | None = None
_pulse: Pulse | None = None


def workshop() -> Workshop:
    """Return the workshop, opening it where no worker has."""
    global _workshop
    with _lock:
        if _workshop is None:
            _workshop = Workshop.open(settings.ENVIRONMENT)
        return _workshop


@worker_init.connect
def open_workshop(sender: Any, **_: Any) -> None:
    """Start engine and gateway from the main thread, with which they die, and let missions have
    the roles of today's settings, and agents that waited for another key look again."""
    if QUEUE not in sender.app.amqp.queues.consume_from:
        return
    global _pulse
    _pulse = Pulse(workshop().engine)
    _pulse.start()
    ReconcileRoles(now=timezone.now()).execute()
    try:
        ResumeUnconfigured(now=timezone.now()).execute()
    except ParallagonError:
        logger.exception("agents that wait for another key were not resumed")


@worker_shutting_down.connect
def hand_back_soon(**_: Any) -> None:
    """Let runs at work end by themselves for a while, then hand them back to other workers."""
    if _workshop is not None:
        patience = threading.Timer(settings.PARALLAGON_STOP_SECONDS, _workshop.closing.set)
        patience.daemon = True
        patience.start()


@worker_shutdown.connect
def close_workshop(**_: Any) -> None:
    global _workshop
    if _pulse is not None:
        _pulse.stop()
    with _lock:
        if _workshop is not None:
            _workshop.close()
            _workshop = None
