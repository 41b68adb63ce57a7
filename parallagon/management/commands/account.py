"""``manage.py account create|password``: accounts from a shell."""

import getpass
import sys
from typing import Any

from django.core.management.base import CommandParser

from parallagon.accounts.services import CreateAccount, SetPassword, sign_in_link
from parallagon.core.errors import ValidationError
from parallagon.management.base import FriendlyCommand
from parallagon.management.people import find_person


class Command(FriendlyCommand):
    help = "Create an account, or set the password of one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe both actions."""
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

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Carry out one action."""
        if action == "create":
            self._create(**options)
        else:
            self._set_password(options["username"])

    def _create(self, **options: Any) -> None:
        user = CreateAccount(
            username=options["username"],
            email=options["email"],
            password=_ask() if options["password"] else None,
            is_admin=options["admin"],
        ).execute()
        self.stdout.write(f"Account “{user.username}” is there. It signs in once with:")
        self.stdout.write(sign_in_link(user))

    def _set_password(self, username: str | None) -> None:
        user = find_person(username)
        SetPassword(user=user, password=_ask()).execute()
        self.stdout.write(f"“{user.username}” has a new password.")


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
