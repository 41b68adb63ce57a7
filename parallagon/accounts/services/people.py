"""Accounts: the first one, others, passwords, and links that sign in once."""

import getpass
import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from sesame.utils import get_query_string

from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.services.sessions import end_sign_ins
from parallagon.core.errors import Conflict, ValidationError
from parallagon.core.services import BaseService

FALLBACK_NAME = "admin"


class WrongPassword(ValidationError):  # noqa: N818 - says what was given
    """The current password was given, and is another."""

    code = "wrong_password"


@dataclass(frozen=True, kw_only=True)
class EnsureFirstAccount(BaseService[User]):
    """Return the oldest active administrator; make one without a password where there is none."""

    operation = "accounts.user.ensure_first"
    username: str

    def _perform(self) -> User:
        with transaction.atomic():
            first = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
            return first or User.objects.create_superuser(self._free_name(), password=None)

    def _free_name(self) -> str:
        taken = User.objects.filter(username=self.username).exists()
        return f"{self.username}-{User.objects.count() + 1}" if taken else self.username


@dataclass(frozen=True, kw_only=True)
class ChooseLanguage(BaseService[User]):
    """Keep in which language a person reads: also what is told to them when no page is open."""

    operation = "accounts.user.choose_language"
    user: User
    language: str

    def _validate_input(self) -> None:
        if self.language not in User.Language.values:
            raise ValidationError(_("There is no such language."), field="language")

    def _perform(self) -> User:
        self.user.language = self.language
        self.user.save(update_fields=["language"])
        return self.user


@dataclass(frozen=True, kw_only=True)
class CreateAccount(BaseService[User]):
    """Create an account; without a password it signs in by link only."""

    operation = "accounts.user.create"
    username: str
    email: str = ""
    password: str | None = None
    is_admin: bool = False

    def _validate_input(self) -> None:
        user = User(username=self.username, email=self.email)
        try:
            user.clean_fields(exclude={"password"})
        except DjangoValidationError as error:
            raise ValidationError(" ".join(error.messages)) from error
        if User.objects.filter(username=self.username).exists():
            raise Conflict(f"There is already an account “{self.username}”.")
        if self.password is not None:
            _require_good_password(self.password, user)

    def _perform(self) -> User:
        create = User.objects.create_superuser if self.is_admin else User.objects.create_user
        return create(self.username, self.email, self.password)


@dataclass(frozen=True, kw_only=True)
class SetPassword(BaseService[None]):
    """Give an account a password; its links and sessions end."""

    operation = "accounts.user.set_password"
    user: User
    password: str

    def _validate_input(self) -> None:
        _require_good_password(self.password, self.user)

    def _perform(self) -> None:
        _set_password(self.user, self.password, keep=None)


@dataclass(frozen=True, kw_only=True)
class ChangePassword(BaseService[None]):
    """Change one's own password, knowing the current one; only the session ``session_key`` stays.

    Who has no password yet, because they sign in by link, gives none.

    Raises (from ``execute``):
        WrongPassword: the current one is another.
    """

    operation = "accounts.user.change_password"
    user: User
    current: str
    new: str
    session_key: str | None = None

    def _validate_input(self) -> None:
        if self.user.has_usable_password() and not self.user.check_password(self.current):
            raise WrongPassword(_("That is not your current password."), field="current")
        _require_good_password(self.new, self.user)

    def _perform(self) -> None:
        _set_password(self.user, self.new, keep=self.session_key)


class LastAdministrator(Conflict):
    """Without this account nobody could look after the installation."""

    code = "last_administrator"


@dataclass(frozen=True, kw_only=True)
class DeactivateAccount(BaseService[None]):
    """Close an account: whatever it is signed in with ends, its keys for good.

    Its missions, its words and its place in the history stay.

    Raises (from ``execute``):
        LastAdministrator: make another one first.
    """

    operation = "accounts.user.deactivate"
    user: User
    now: datetime

    def _perform(self) -> None:
        with transaction.atomic():
            self._leave_an_administrator()
            self.user.is_active = False
            self.user.signed_out_at = self.now
            self.user.save(update_fields=["is_active", "signed_out_at"])
            ApiKey.objects.filter(user=self.user, revoked_at=None).update(revoked_at=self.now)
        end_sign_ins(self.user)

    def _leave_an_administrator(self) -> None:
        administrators = User.objects.filter(is_superuser=True, is_active=True)
        if list(administrators.select_for_update(no_key=True)) == [self.user]:
            raise LastAdministrator(
                f"“{self.user.username}” is the only administrator: make another one first."
            )


def _set_password(user: User, password: str, *, keep: str | None) -> None:
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        end_sign_ins(user, but=keep)


def _require_good_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise ValidationError(" ".join(error.messages)) from error


def system_username() -> str:
    """Return the name of whoever runs this process, as far as it can name an account."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return FALLBACK_NAME
    name = re.sub(r"[^\w.@+-]", "", name)[:100]
    return FALLBACK_NAME if name in {"", "root"} else name


def sign_in_link(user: User) -> str:
    """Return an address that signs ``user`` in once; never log it."""
    return f"{base_url()}{reverse('accounts:login')}{get_query_string(user)}"


def base_url() -> str:
    """Return where a browser on this machine finds the installation, without a last slash."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{settings.PORT}"
