"""``manage.py link``: another sign-in link."""

from typing import Any

from django.core.management.base import CommandParser

from parallagon.accounts.services import sign_in_link
from parallagon.management.base import FriendlyCommand
from parallagon.management.people import find_person


class Command(FriendlyCommand):
    help = "Print a link that signs in once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say for whom."""
        parser.add_argument("--user", help="account to sign in; the first administrator if omitted")

    def handle(self, *args: Any, user: str | None, **options: Any) -> None:
        """Print the link, alone on its line."""
        self.stdout.write(sign_in_link(find_person(user)))
