"""Who may open a WebSocket: the page that this very address served, and trusted origins.

Browsers send their cookies along with a socket to any port of a host, so the port counts too.
"""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from parallagon.core.subprotocols import offered_secret


class SameOriginOnly:
    """Refuse a handshake whose Origin is missing or is not the Host that it asks (403).

    A program has no Origin: it may come without when it offers a secret of its own instead of the
    cookie, which no page can make a browser do.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = {name: value.decode("latin1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        is_program = origin is None and offered_secret(scope.get("subprotocols", ())) is not None
        allowed = is_program or is_allowed(origin or "", host=headers.get(b"host", ""))
        application = self.application if allowed else WebsocketDenier()
        return await application(scope, receive, send)


def is_allowed(origin: str, *, host: str) -> bool:
    """Tell whether a page of ``origin`` may talk to ``host``."""
    try:
        page = urlsplit(origin.lower())
    except ValueError:
        return False
    if page.scheme not in {"http", "https"}:
        return False
    if f"{page.scheme}://{page.netloc}" in settings.CSRF_TRUSTED_ORIGINS:
        return True
    domain, _port = split_domain_port(host.lower())
    known = bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
    return known and page.netloc == host.lower()
