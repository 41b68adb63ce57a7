"""``manage.py account create|password|list|deactivate|keys``: accounts from a shell."""

import getpass
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from parallagon.accounts import selectors
from parallagon.accounts.models import ApiKey
from parallagon.accounts.services import (
    CreateAccount,
    DeactivateAccount,
    RevokeKey,
    SetPassword,
    sign_in_link,
)
from parallagon.core.errors import ValidationError
from parallagon.management.base import FriendlyCommand
from parallagon.management.people import find_person


class Command(FriendlyCommand):
    help = "Create, list and close accounts, set a password, list and revoke keys."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make an account and print its sign-in link")
        create.add_argument("username")
        create.add_argument("--email", default="")
        create.add_argument("--admin", action="store_true", help="may use the admin")
        create.add_argument("--password", action="store_true", help="ask for a password")
        password = actions.add_parser("password", help="set a password, for the admin and the API")
        password.add_argument(
            "username", nargs="?", help="the first administrator if omitted", default=None
        )
        actions.add_parser("list", help="tell who has an account")
        close = actions.add_parser("deactivate", help="close an account; its missions stay")
        close.add_argument("username")
        keys = actions.add_parser("keys", help="list the keys of somebody's programs")
        keys.add_argument("username", nargs="?", help="the first administrator if omitted")
        keys.add_argument("--revoke", type=int, metavar="ID", help="end this one for good")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Carry out one action."""
        actions: dict[str, Callable[..., None]] = {
            "create": self._create,
            "password": self._set_password,
            "list": self._list,
            "deactivate": self._deactivate,
            "keys": self._keys,
        }
        actions[action](**options)

    def _list(self, **_options: Any) -> None:
        for person in selectors.accounts():
            self.stdout.write(
                f"{person.username}  {person.email or '(no e-mail)'}  {_facts(person)}"
            )

    def _deactivate(self, *, username: str, **_options: Any) -> None:
        user = find_person(username)
        DeactivateAccount(user=user, now=timezone.now()).execute()
        self.stdout.write(f"“{user.username}” is closed; sessions, tokens and keys have ended.")

    def _keys(self, *, username: str | None, revoke: int | None, **_options: Any) -> None:
        user, now = find_person(username), timezone.now()
        if revoke is not None:
            key = selectors.key(user=user, key_id=revoke)
            RevokeKey(key=key, now=now).execute()
            self.stdout.write(f"The key {key} is revoked.")
            return
        for key in selectors.keys_of(user=user).order_by("pk"):
            self.stdout.write(f"{key.pk}  {key}  {_validity(key, now)}")

    def _create(self, **options: Any) -> None:
        user = CreateAccount(
            username=options["username"],
            email=options["email"],
            password=_ask() if options["password"] else None,
            is_admin=options["admin"],
        ).execute()
        self.stdout.write(f"Account “{user.username}” is there. It signs in once with:")
        self.stdout.write(sign_in_link(user))

    def _set_password(self, *, username: str | None, **_options: Any) -> None:
        user = find_person(username)
        SetPassword(user=user, password=_ask()).execute()
        self.stdout.write(f"“{user.username}” has a new password.")


def _facts(person: Any) -> str:
    """Say what an account is and how its person signs in."""
    facts = {
        "closed": not person.is_active,
        "administrator": person.is_superuser,
        "password": person.has_usable_password(),
        "provider": person.identities_count,
        f"keys: {person.keys_count}": person.keys_count,
    }
    seen = (
        f"last signed in {person.last_login:%Y-%m-%d}" if person.last_login else "never signed in"
    )
    return ", ".join([*(fact for fact, holds in facts.items() if holds), seen])


def _validity(key: ApiKey, now: datetime) -> str:
    """Say what a key may do, until when, and when it last did."""
    ends = "without end"
    if key.expires_at is not None:
        verb = "ended" if key.expires_at <= now else "until"
        ends = f"{verb} {key.expires_at:%Y-%m-%d}"
    used = f"last used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
    return f"{', '.join(key.scopes)}; {ends}; {used}"


def _ask() -> str:
    """Read a password twice from a terminal, or once from a pipe.

    Raises:
        ValidationError: the two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ValidationError("The two passwords differ; nothing was changed.")
    return password
