"""The sessions of people: remembered when they begin, kept within their limits.

A session ends when it was idle for ``SESSION_COOKIE_AGE``, in any case ``SESSION_DAYS`` after it
began, and with everything else when its person's password or privileges change (the session's hash,
``User.get_session_auth_hash``). It lives in the database and is cached in Redis for a minute
(``store.py``), whose loss only costs time.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, update_session_auth_hash
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from parallagon.accounts import attempts
from parallagon.accounts.models import SignedIn, User

BEGAN, SEEN, RECORD = "signed_in_at", "seen_at", "sign_in"
SEEN_AT_MOST_EVERY = timedelta(minutes=5)


@receiver(user_logged_in)
def remember(request: HttpRequest, user: User, **_: Any) -> None:
    """Write down a session that begins, whichever way its person signed in."""
    now = timezone.now()
    session = request.session
    if session.session_key is None:
        session.cycle_key()
    record = SignedIn.objects.create(
        user=user,
        session_key=str(session.session_key),
        created_at=now,
        seen_at=now,
        address=_address(request),
        agent=request.META.get("HTTP_USER_AGENT", "")[: SignedIn.LONGEST_AGENT],
    )
    session[BEGAN] = session[SEEN] = now.timestamp()
    session[RECORD] = record.pk


def renew(request: HttpRequest, user: User) -> None:
    """Keep this session, under a new key, through a change that ends the others."""
    update_session_auth_hash(request, user)
    _write_down(request.session, timezone.now())


def is_over(session: SessionBase, *, now: datetime) -> bool:
    """Tell whether a session has lasted as long as one may."""
    began = session.get(BEGAN)
    most = timedelta(days=settings.SESSION_DAYS).total_seconds()
    return began is not None and now.timestamp() - began >= most


class SessionLimits:
    """End sessions that have lasted long enough; lengthen those in use, now and then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            self._keep_within_limits(request.session, timezone.now())
        return self.get_response(request)

    @staticmethod
    def _keep_within_limits(session: SessionBase, now: datetime) -> None:
        if is_over(session, now=now):
            SignedIn.objects.filter(pk=session.get(RECORD, 0)).delete()
            session.flush()
        elif now.timestamp() - session.get(SEEN, 0) >= SEEN_AT_MOST_EVERY.total_seconds():
            session.setdefault(BEGAN, now.timestamp())
            _write_down(session, now)


def _write_down(session: SessionBase, now: datetime) -> None:
    """Say when a session was seen, in it (which lengthens it) and beside it."""
    session[SEEN] = now.timestamp()
    SignedIn.objects.filter(pk=session.get(RECORD, 0)).update(
        seen_at=now, session_key=session.session_key
    )


def _address(request: HttpRequest) -> str | None:
    try:
        return str(ip_address(attempts.address_of(request)))
    except ValueError:
        return None  # a Unix socket, or a test
