"""What every process of Celery does alike: the lines of a task say which one it is.

Logs are Django's, in the same format and the same file as everyone's.
"""

import time
from contextlib import ExitStack
from typing import Any

from celery import signals
from django.conf import settings
from django.utils.log import configure_logging

from parallagon.core import measures, telemetry
from parallagon.core.logging import log_context

_open: dict[str, ExitStack] = {}


@signals.setup_logging.connect
def keep_our_format(**_: Any) -> None:
    """Let Celery, which would add handlers of its own, use ours."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


@signals.worker_init.connect
def trace_tasks(sender: Any, **_: Any) -> None:
    """Trace this worker, named after what it serves."""
    queues = "+".join(sorted(sender.app.amqp.queues.consume_from))
    telemetry.start(queues, settings.ENVIRONMENT)


@signals.task_prerun.connect
def name_lines(task_id: str, task: Any, **_: Any) -> None:
    stack = _open[task_id] = ExitStack()
    stack.enter_context(log_context(task=task.name, task_id=task_id))
    task.request.began = time.monotonic()


@signals.task_postrun.connect
def take_time(task: Any, state: str | None = None, **_: Any) -> None:
    """Count a task that has ended, with how long it took."""
    began = getattr(task.request, "began", None)
    if began is not None:
        seconds = time.monotonic() - began
        measures.TASK_SECONDS.labels(task.name, (state or "unknown").lower()).observe(seconds)


@signals.task_postrun.connect
def forget_lines(task_id: str, **_: Any) -> None:
    if stack := _open.pop(task_id, None):
        stack.close()
