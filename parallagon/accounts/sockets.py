"""Signing in to a WebSocket without a cookie.

A browser cannot send headers with a handshake, and an address ends up in logs; so the secret comes
in ``Sec-WebSocket-Protocol``, beside a fixed marker that alone is echoed::

    parallagon.v1, ticket.<ticket>      from POST /api/v1/auth/socket-ticket/
    parallagon.v1, bearer.<token>       an access token, or a key with the scope read

Whoever offers a secret is who it says, or nobody: the cookie counts no more.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import APIException

from parallagon.accounts import credentials
from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.services import UseTicket
from parallagon.accounts.sessions import is_over
from parallagon.accounts.store import SessionStore
from parallagon.core.errors import ParallagonError
from parallagon.core.subprotocols import BEARER, MARKER, TICKET, offered_secret

LONGEST_SECRET = 4096


class SocketSignIn:
    """Give a socket its ``user``, when that ends (``ends_at``), and ``still_signed_in()``."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        offered: Sequence[str] = scope.get("subprotocols", ())
        if MARKER in offered:
            scope = {**scope, "subprotocol": MARKER}
        secret = offered_secret(offered)
        if secret is not None:
            scope = {**scope, **await database_sync_to_async(_entry)(secret)}
        elif "session" in scope:
            scope["still_signed_in"] = _session_check(scope["session"].session_key, scope["user"])
        return await self.application(scope, receive, send)


def _entry(offered: str) -> dict[str, Any]:
    """Return what a good secret brings to the scope; nobody for any other."""
    nobody: dict[str, Any] = {"user": AnonymousUser()}
    if len(offered) > LONGEST_SECRET:
        return nobody
    try:
        if offered.startswith(TICKET):
            return _ticket_entry(offered.removeprefix(TICKET)) or nobody
        return _bearer_entry(offered.removeprefix(BEARER)) or nobody
    except (APIException, ParallagonError):
        return nobody


def _ticket_entry(secret: str) -> dict[str, Any] | None:
    ticket = UseTicket(secret=secret, now=timezone.now()).execute()
    if ticket is None:
        return None
    check = _session_check(ticket.session_key, ticket.user) if ticket.session_key else None
    return {"user": ticket.user, "ends_at": ticket.ends_at, "still_signed_in": check}


def _bearer_entry(secret: str) -> dict[str, Any] | None:
    found = credentials.read(secret, now=timezone.now())
    if not found.allows(ApiKey.Scope.READ):
        return None

    def is_good() -> bool:
        try:
            credentials.read(secret, now=timezone.now())
        except APIException:
            return False
        return True

    check = database_sync_to_async(is_good)
    return {"user": found.user, "ends_at": found.ends_at, "still_signed_in": check}


def _session_check(key: str | None, user: Any) -> Callable[[], Awaitable[bool]]:
    """Return what tells whether a session still is that of ``user``, password and all."""

    def lives() -> bool:
        request = HttpRequest()
        request.session = SessionStore(session_key=key)
        if is_over(request.session, now=timezone.now()):
            return False
        found = get_user(request)
        return isinstance(found, User) and found.pk == user.pk

    check: Callable[[], Awaitable[bool]] = database_sync_to_async(lives)
    return check
