"""Keys of programs: made, revoked."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.secrets import KEY_MARK, digest, new_secret
from parallagon.core.errors import Conflict, ValidationError
from parallagon.core.services import BaseService

MOST_KEYS = 50


class TooManyKeys(Conflict):
    """The person has as many keys as one may have."""

    code = "too_many_keys"


@dataclass(frozen=True, kw_only=True)
class MadeKey:
    """A key, and the secret that nobody can read again."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, kw_only=True)
class CreateKey(BaseService[MadeKey]):
    """Make a key with which a program acts for a person, within ``scopes``.

    Raises (from ``execute``):
        TooManyKeys: revoke one first.
    """

    operation = "accounts.key.create"
    user: User
    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    now: datetime

    def _validate_input(self) -> None:
        if not self.name.strip():
            raise ValidationError(_("A key needs a name."), field="name")
        if not self.scopes or not set(self.scopes) <= set(ApiKey.Scope.values):
            raise ValidationError(_("A key needs one scope or more of those there are."))
        if self.expires_at is not None and self.expires_at <= self.now:
            raise ValidationError(_("A key cannot end before it begins."), field="expires_at")

    def _perform(self) -> MadeKey:
        secret = f"{KEY_MARK}{new_secret()}"
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=self.user.pk)
            if ApiKey.objects.filter(user=self.user).alive(self.now).count() >= MOST_KEYS:
                raise TooManyKeys(_("You have too many keys: revoke one first."))
            key = ApiKey.objects.create(
                user=self.user,
                name=self.name.strip(),
                prefix=secret[: ApiKey.PREFIX_LENGTH],
                digest=digest(secret),
                scopes=[scope for scope in ApiKey.Scope.values if scope in self.scopes],
                expires_at=self.expires_at,
                created_at=self.now,
            )
        return MadeKey(key=key, secret=secret)


@dataclass(frozen=True, kw_only=True)
class RevokeKey(BaseService[None]):
    """End a key for good; once more does no harm."""

    operation = "accounts.key.revoke"
    key: ApiKey
    now: datetime

    def _perform(self) -> None:
        ApiKey.objects.filter(pk=self.key.pk, revoked_at=None).update(revoked_at=self.now)
