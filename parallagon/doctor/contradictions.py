"""Settings that contradict each other, or what they are used for."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from parallagon.doctor.finding import Finding, fine, problem, warning

SHORTEST_TOKEN: Final = 16
TOLD_ELSEWHERE: Final = frozenset({"django_vite.W001", "parallagon.E001"})
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def examine() -> Iterator[Finding]:
    """Compare settings with each other, and pass on what Django itself says."""
    found = [*_public(), *_origins(), *_limits(), *_said_by_django()]
    yield from found
    if not found:
        yield fine("settings.agree", "The settings agree with each other.")


def _public() -> Iterator[Finding]:
    """Look at what must not be where others can reach us."""
    if settings.IS_LOOPBACK:
        return
    if settings.DEBUG:
        yield problem(
            "settings.debug",
            f"DEBUG is true and HOST is {settings.HOST}: whoever causes an error reads settings.",
            "Set DEBUG=false.",
        )
    if not settings.SESSION_COOKIE_SECURE:
        yield warning(
            "settings.cookies",
            f"HOST is {settings.HOST} and cookies may travel without TLS: who listens in signs in.",
            "Put a proxy that speaks TLS in front, and set "
            "DJANGO_SETTINGS_MODULE=parallagon.settings.production.",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield warning(
            "settings.hosts",
            "ALLOWED_HOSTS is *: links in e-mails can be made to lead elsewhere.",
            "Name the hosts under which people reach this installation.",
        )


def _origins() -> Iterator[Finding]:
    names = {"CORS_ALLOWED_ORIGINS": settings.CORS_ALLOWED_ORIGINS}
    if settings.SESSION_COOKIE_SECURE:
        names["CSRF_TRUSTED_ORIGINS"] = settings.CSRF_TRUSTED_ORIGINS
    for name, origins in names.items():
        plain = [
            one
            for one in origins
            if (parts := urlsplit(one)).scheme == "http" and parts.hostname not in _LOCAL
        ]
        if plain:
            yield warning(
                "settings.origins",
                f"{name} trusts pages that anyone on their way can change: {', '.join(plain)}.",
                "Name them with https://.",
            )
    hosts = settings.ALLOWED_HOSTS
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        host = urlsplit(origin).hostname or ""
        if "*" not in hosts and not any(_covers(allowed, host) for allowed in hosts):
            yield warning(
                "settings.hosts",
                f"CSRF_TRUSTED_ORIGINS names {origin}, and ALLOWED_HOSTS does not name {host}.",
                f"Add {host} to ALLOWED_HOSTS: requests to it are refused now.",
            )


def _covers(allowed: str, host: str) -> bool:
    allowed = allowed.strip("[]").lower()
    return host == allowed or (allowed.startswith(".") and f".{host}".endswith(allowed))


def _limits() -> Iterator[Finding]:
    visible = int(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]))
    if visible <= settings.PARALLAGON_RUN_SECONDS:
        yield problem(
            "settings.run_seconds",
            f"PARALLAGON_RUN_SECONDS is {settings.PARALLAGON_RUN_SECONDS}, and the broker takes "
            f"a run for lost after {visible} s.",
            f"Set PARALLAGON_RUN_SECONDS below {visible}.",
        )
    token = settings.PARALLAGON_METRICS_TOKEN
    if token and len(token) < SHORTEST_TOKEN:
        yield warning(
            "settings.metrics_token",
            f"PARALLAGON_METRICS_TOKEN is shorter than {SHORTEST_TOKEN} characters.",
            "Choose a longer, random one.",
        )
    if settings.SECURE_PROXY_SSL_HEADER and not settings.REST_FRAMEWORK["NUM_PROXIES"]:
        yield warning(
            "settings.proxies",
            "A proxy is believed about TLS, and TRUSTED_PROXIES is 0: everyone behind it counts "
            "as one caller, who is soon asked to wait.",
            "Set TRUSTED_PROXIES to the number of proxies in front.",
        )


def _said_by_django() -> Iterator[Finding]:
    for one in checks.run_checks(include_deployment_checks=not settings.IS_LOOPBACK):
        if one.is_silenced() or one.level < checks.WARNING or one.id in TOLD_ELSEWHERE:
            continue
        tell = problem if one.is_serious() else warning
        yield tell(
            f"settings.{one.id or 'check'}",
            str(one.msg),
            str(one.hint or "See Django's list of system checks."),
        )
