"""Whom a command is for."""

from django.db import OperationalError, ProgrammingError

from parallagon.accounts.models import User
from parallagon.core.errors import ResourceNotFoundError

NO_ACCOUNT = "There is no account yet: start Parallagon once with make run."


def find_person(username: str | None) -> User:
    """Return the active account, or the first administrator.

    Raises:
        ResourceNotFoundError: there is none.
    """
    people = User.objects.filter(is_active=True)
    people = people.filter(username=username) if username else people.filter(is_superuser=True)
    try:
        person = people.order_by("pk").first()
    except (OperationalError, ProgrammingError):
        person = None
    if person is None:
        raise ResourceNotFoundError(
            f"There is no active account “{username}”." if username else NO_ACCOUNT
        )
    return person
