"""What a program shows to be let in: a key, or an access token."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.secrets import KEY_MARK, digest

USED_AT_MOST_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Who shows something, until when it is good, and what it is."""

    user: User
    ends_at: datetime | None
    key: ApiKey | None = None
    token: Any = None

    def allows(self, scope: str) -> bool:
        """Tell whether the scope is given; a token is the person and has them all."""
        return self.key is None or scope in self.key.scopes


class TokenAuthentication(JWTAuthentication):
    """Access tokens, except for those from before their person signed out everywhere."""

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override] # ours
        """Return whose token it is.

        Raises:
            AuthenticationFailed: they are gone, or have ended their tokens since.
        """
        user = cast("User", super().get_user(validated_token))
        ended = user.signed_out_at
        if ended is not None and validated_token["iat"] <= int(ended.timestamp()):
            raise AuthenticationFailed(_("This token has ended: its person signed out everywhere."))
        return user


def read(secret: str, *, now: datetime) -> Credential:
    """Return what a key or an access token says.

    Raises:
        AuthenticationFailed: it is not good, or no longer.
    """
    return _read_key(secret, now) if secret.startswith(KEY_MARK) else _read_token(secret)


def _read_key(secret: str, now: datetime) -> Credential:
    key = (
        ApiKey.objects.alive(now)
        .filter(digest=digest(secret), user__is_active=True)
        .select_related("user")
        .first()
    )
    if key is None:
        raise AuthenticationFailed(_("This key is unknown, or no longer good."))
    if key.last_used_at is None or key.last_used_at < now - USED_AT_MOST_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return Credential(user=key.user, ends_at=key.expires_at, key=key)


def _read_token(secret: str) -> Credential:
    tokens = TokenAuthentication()
    token = tokens.get_validated_token(secret.encode())
    return Credential(
        user=tokens.get_user(token),
        ends_at=datetime.fromtimestamp(token["exp"], UTC),
        token=token,
    )
