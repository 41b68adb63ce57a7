"""Is it alive, is it ready, and its measures for Prometheus."""

import hmac
import ipaddress
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from agents.aider.sandbox import available_level, landlock_abi
from agents.circuits import MODELS
from parallagon.core.api import problem_response
from parallagon.core.scrubbing import scrub
from parallagon.inside import counted, standing
from parallagon.inside.readiness import FOR_AGENTS, FOR_REQUESTS, Answers

ANSWERS = Answers({**FOR_REQUESTS, **FOR_AGENTS})


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer that this process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether everything is there that requests and agents need; 503 when something is not.

    ``?for=requests`` leaves out what only agents need: a proxy goes on sending people here while
    no worker runs. What is missing is told to this machine, or to whoever has the token.
    """
    said = ANSWERS.get()
    if request.GET.get("for") == "requests":
        said = {name: said[name] for name in FOR_REQUESTS}
    is_ready = not any(said.values())
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    body: dict[str, object] = {"status": "ok" if is_ready else "unavailable"}
    if _may_see(request):
        body |= {
            "checks": {name: scrub(reason or "ok") for name, reason in said.items()},
            "open_breakers": sum(c.opened_at is not None for c in MODELS.circuits().values()),
            "sandbox": available_sandbox(),
            "landlock_abi": landlock_abi(),
        }
    return JsonResponse(body, status=status)


def available_sandbox() -> str:
    """Return what shuts in the children of the engine here."""
    return "none" if settings.PARALLAGON_SANDBOX == "none" else available_level()


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Show measures to this machine, or to whoever has the token."""
    if _may_see(request):
        text = counted.counted() + standing.standing()
        return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)
    return problem_response(
        request,
        status=HTTPStatus.FORBIDDEN,
        code="forbidden",
        detail="Measures are for this machine, or for a bearer of PARALLAGON_METRICS_TOKEN.",
    )


def _may_see(request: HttpRequest) -> bool:
    return _is_local(request) or _has_token(request)


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
