"""Turns: who changes something of a mission has its row first, so that no two wait for each other.

A change of one mission touches its files, leases, runs and agents, and ends with the number of an
event, which lies in the mission's row. Taken last, that row would be waited for by transactions
that hold what others want: a deadlock. Taken first, they come one after the other, for the
milliseconds that each lasts. SQLite has one writer at a time anyway.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from missions.models import Mission


@contextmanager
def turn(*mission_ids: int) -> Iterator[None]:
    """Open a transaction that has these missions to itself among all that change something."""
    with transaction.atomic():
        hold(*mission_ids)
        yield


def hold(*mission_ids: int) -> None:
    """Wait for the rows of missions, in one order for everyone, and keep them to the end.

    Raises:
        TransactionManagementError: outside a transaction.
    """
    if connection.features.has_select_for_update:
        rows = Mission.objects.filter(pk__in=mission_ids).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk"))
