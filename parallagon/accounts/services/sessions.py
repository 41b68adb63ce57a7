"""Signing out elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from parallagon.accounts.models import SignedIn, SocketTicket, User
from parallagon.accounts.store import SessionStore
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class EndSession(BaseService[None]):
    """End one session of a person."""

    operation = "accounts.session.end"
    session: SignedIn

    def _perform(self) -> None:
        self.session.delete()
        SessionStore(session_key=self.session.session_key).delete()


@dataclass(frozen=True, kw_only=True)
class SignOutEverywhere(BaseService[None]):
    """End every session, token and ticket of a person; keys stay until they are revoked."""

    operation = "accounts.user.sign_out_everywhere"
    user: User
    now: datetime

    def _perform(self) -> None:
        self.user.signed_out_at = self.now
        self.user.save(update_fields=["signed_out_at"])
        end_sign_ins(self.user)


@dataclass(frozen=True, kw_only=True)
class PruneSignIns(BaseService[int]):
    """Forget the sessions, tokens and tickets that have ended."""

    operation = "accounts.prune"
    now: datetime

    def _perform(self) -> int:
        gone = Session.objects.filter(expire_date__lt=self.now).delete()[0]
        living = Session.objects.values("session_key")
        gone += SignedIn.objects.exclude(session_key__in=living).delete()[0]
        gone += SocketTicket.objects.filter(expires_at__lt=self.now).delete()[0]
        return gone + OutstandingToken.objects.filter(expires_at__lt=self.now).delete()[0]


def end_sign_ins(user: User, *, but: str | None = None) -> None:
    """End what ``user`` signed in with, except for the session ``but``."""
    with transaction.atomic():
        others = SignedIn.objects.filter(user=user).exclude(session_key=but or "")
        keys = list(others.values_list("session_key", flat=True))
        others.delete()
        SocketTicket.objects.filter(user=user).delete()
        tokens = OutstandingToken.objects.filter(user=user, blacklistedtoken=None)
        BlacklistedToken.objects.bulk_create(
            [BlacklistedToken(token=token) for token in tokens], ignore_conflicts=True
        )
    for key in keys:
        SessionStore(session_key=key).delete()
