"""``manage.py link``: another sign-in link."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, ProgrammingError

from parallagon.accounts.models import User
from parallagon.accounts.services import sign_in_link

NO_ACCOUNT = "There is no account yet: start Parallagon once with make run."


class Command(BaseCommand):
    help = "Print a link that signs in once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say for whom."""
        parser.add_argument("--user", help="account to sign in; the first administrator if omitted")

    def handle(self, *args: Any, user: str | None, **options: Any) -> None:
        """Print the link, alone on its line."""
        people = User.objects.filter(is_active=True)
        people = people.filter(username=user) if user else people.filter(is_superuser=True)
        try:
            person = people.order_by("pk").first()
        except (OperationalError, ProgrammingError):
            sys.exit(NO_ACCOUNT)
        if person is None:
            sys.exit(f"There is no active account “{user}”." if user else NO_ACCOUNT)
        self.stdout.write(sign_in_link(person))
