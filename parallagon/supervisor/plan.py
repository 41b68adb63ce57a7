"""What runs in an installation: web, cycles, background work, clock, watcher."""

import socket
import sys
from pathlib import Path

from django.conf import settings

from parallagon.supervisor.process import ProcessSpec

LARGEST_SOCKET_MESSAGE = 64 * 1024  # bytes
# A container's only user is often root; everything else a worker warns of is shown.
ROOT_IS_FINE = "ignore:You're running the worker with superuser privileges"
PACE_TO_WATCH = "60"  # tokens a second of the offline writer


def process_plan() -> list[ProcessSpec]:
    """Return every process but the embedded Valkey."""
    cycles = _worker("cycles", concurrency=settings.PARALLAGON_CYCLES)
    beat = (*_celery(), "beat", "--loglevel", settings.LOG_LEVEL, "--pidfile=")
    return [
        _process("web", _web()),
        _process("cycles", cycles, **_pace()),
        _process("default", _worker("default", concurrency=2)),
        _process("upkeep", _worker("upkeep", concurrency=1)),
        _process("beat", beat),
        _process("watch", (sys.executable, "manage.py", "watch")),
    ]


def log_file() -> Path:
    """Return where everything is logged; the console shows only what someone should look at."""
    return Path(settings.LOG_FILE or settings.DATA_DIR / "logs" / "parallagon.log")


def measures_folder() -> Path:
    """Return where the processes of this host, or container, leave what they count."""
    return Path(settings.DATA_DIR) / "measures" / socket.gethostname()


def _process(name: str, command: tuple[str, ...], **environment: str) -> ProcessSpec:
    common = {
        "LOG_FILE": str(log_file()),
        "PYTHONWARNINGS": ROOT_IS_FINE,
        # Each process counts in files of its own; whoever answers /metrics adds them up.
        "PROMETHEUS_MULTIPROC_DIR": str(measures_folder()),
    }
    return ProcessSpec(
        name=name,
        command=command,
        environment={**common, **environment},
        unsaid=("worker: Warm shutdown",),
    )


def _web() -> tuple[str, ...]:
    # No access log: it would show sign-in links.
    return (
        *(sys.executable, "-m", "parallagon.server"),
        *("--bind", settings.HOST, "--port", str(settings.PORT)),
        *("--verbosity", "0", "--no-server-name"),
        *("--websocket-max-message-size", str(LARGEST_SOCKET_MESSAGE)),
        *("--websocket-max-frame-size", str(LARGEST_SOCKET_MESSAGE)),
        "parallagon.asgi:application",
    )


def _celery() -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "--quiet", "--app", "celery_app")


def _worker(queue: str, *, concurrency: int) -> tuple[str, ...]:
    return (
        *(*_celery(), "worker", "--queues", queue, "--hostname", f"{queue}@%h"),
        *("--pool", "threads", "--concurrency", str(concurrency)),
        *("--loglevel", settings.LOG_LEVEL, "--without-gossip", "--without-mingle"),
    )


def _pace() -> dict[str, str]:
    """Let people watch the offline writer, unless they have said how fast it is."""
    name = "PARALLAGON_OFFLINE_PACE"
    return {} if settings.ENVIRONMENT.get(name) else {name: PACE_TO_WATCH}
