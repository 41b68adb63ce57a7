"""Is it alive, is it ready, and its measures for Prometheus."""

import hmac
import ipaddress
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import psutil
import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client.multiprocess import mark_process_dead

from agents.aider.sandbox import available_level, landlock_abi
from agents.circuits import MODELS
from parallagon.core.api import problem_response
from parallagon.core.scrubbing import scrub


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer that this process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say of each thing that a request needs whether it is there; 503 when one is not."""
    checks = {name: check() for name, check in CHECKS.items()}
    is_ready = not any(checks.values())
    body = {
        "status": "ok" if is_ready else "unavailable",
        "checks": {name: scrub(reason or "ok") for name, reason in checks.items()},
        "open_breakers": sum(c.opened_at is not None for c in MODELS.circuits().values()),
        "sandbox": available_sandbox(),
        "landlock_abi": landlock_abi(),
    }
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse(body, status=status)


def available_sandbox() -> str:
    """Return what shuts in the children of the engine here."""
    return "none" if settings.PARALLAGON_SANDBOX == "none" else available_level()


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Show measures to this machine, or to whoever has the token."""
    if _is_local(request) or _has_token(request):
        forget_the_dead()
        response: HttpResponse = ExportToDjangoView(request)
        return response
    return problem_response(
        request,
        status=HTTPStatus.FORBIDDEN,
        code="forbidden",
        detail="Measures are for this machine, or for a bearer of PARALLAGON_METRICS_TOKEN.",
    )


def forget_the_dead() -> None:
    """Take the processes that have ended out of measures of the living; what they counted stays."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return
    for file in Path(folder).glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def _is_local(request: HttpRequest) -> bool:
    """Tell whether the request comes from this machine itself, not through a proxy on it."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    token = settings.PARALLAGON_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def database() -> str | None:
    """Return why the database cannot serve, or nothing."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"it does not answer: {error}"
    return f"{len(waiting)} migrations are not applied" if waiting else None


def redis_server() -> str | None:
    """Return why Redis cannot serve, or nothing."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
        ) as client:
            client.ping()
    except redis.RedisError as error:
        return f"it does not answer: {error}"
    return None


def data_directory() -> str | None:
    """Return why the data directory cannot serve, or nothing."""
    return None if os.access(settings.DATA_DIR, os.W_OK) else "it is not writable"


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": database,
    "redis": redis_server,
    "data_directory": data_directory,
}
