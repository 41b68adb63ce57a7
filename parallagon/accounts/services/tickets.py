"""Tickets: what a page shows once to open a socket."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from parallagon.accounts.models import SocketTicket, User
from parallagon.accounts.secrets import digest, new_secret
from parallagon.core.services import BaseService

TICKET_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class MakeTicket(BaseService[str]):
    """Return a ticket that opens one socket within half a minute.

    The socket ends with what the ticket was asked with: a session, or a token at ``ends_at``.
    """

    operation = "accounts.ticket.make"
    user: User
    session_key: str = ""
    ends_at: datetime | None = None
    now: datetime

    def _perform(self) -> str:
        secret = new_secret()
        SocketTicket.objects.create(
            digest=digest(secret),
            user=self.user,
            session_key=self.session_key,
            ends_at=self.ends_at,
            expires_at=self.now + timedelta(seconds=TICKET_SECONDS),
        )
        return secret


@dataclass(frozen=True, kw_only=True)
class UseTicket(BaseService[SocketTicket | None]):
    """Return a ticket that is good, and spend it; ``None`` for any other.

    Its row is deleted by whoever uses it, so the database lets one of two have it.
    """

    operation = "accounts.ticket.use"
    secret: str
    now: datetime

    def _perform(self) -> SocketTicket | None:
        found = SocketTicket.objects.filter(digest=digest(self.secret)).select_related("user")
        ticket = found.first()
        if ticket is None or not SocketTicket.objects.filter(pk=ticket.pk).delete()[0]:
            return None
        is_good = ticket.expires_at > self.now and ticket.user.is_active
        return ticket if is_good else None
