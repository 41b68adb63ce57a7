"""What a save costs, in waits for the disk and questions to the database: timing is no judge."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from missions import locks
from missions.models import LandingRecord
from parallagon.core.durability import relaxed_commit
from tests.missions.conftest import TEXT, Desk


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return where each wait for the disk fell: before the write lock, or under it."""
    where: list[str] = []
    is_locked = [False]
    sync, lock = os.fsync, locks.write_lock

    def counted(descriptor: int) -> None:
        where.append("under the lock" if is_locked[0] else "before it")
        sync(descriptor)

    @contextmanager
    def watched(*args: Any, **options: Any) -> Iterator[None]:
        with lock(*args, **options):
            is_locked[0] = True
            yield
            is_locked[0] = False

    monkeypatch.setattr(os, "fsync", counted)
    monkeypatch.setattr("missions.landing.write_lock", watched)
    return where


class TestASave:
    def test_its_bytes_are_on_disk_before_others_wait_for_it(
        self, desk: Desk, syncs: list[str]
    ) -> None:
        desk.save("production.md", TEXT + "More.\n", base=1)

        # The content and its folder, then the file and its folder.
        assert syncs == ["before it"] * 2 + ["under the lock"] * 2

    def test_a_save_that_changes_nothing_waits_for_nothing(
        self, desk: Desk, syncs: list[str]
    ) -> None:
        desk.save("production.md", TEXT, base=1)

        assert syncs == []

    def test_a_file_with_other_line_endings_keeps_them(self, desk: Desk) -> None:
        desk.save("windows.md", "one\r\ntwo\r\n", base=None)
        desk.save("windows.md", "one\ntwo\nthree\n", base=1)

        assert desk.on_disk("windows.md") == b"one\r\ntwo\r\nthree\r\n"

    def test_asks_the_database_so_often(self, desk: Desk) -> None:
        with CaptureQueriesContext(connection) as queries:
            desk.save("production.md", TEXT + "More.\n", base=1)

        # Where the folder is; open records and the file, before and after the transaction; in it
        # the record, the blob, the revision, the file, since when agents were left to themselves,
        # who wakes, the mission, the event with its number.
        writing = [
            query for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))
        ]
        # Where rows have locks, the mission's is asked for at the start; SQLite has none.
        assert len(writing) <= 15 + connection.features.has_select_for_update


def synchronous() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        return int(cursor.fetchone()[0])


FULL, NORMAL = 2, 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="each database has its own words")
class TestRelaxedCommit:
    @pytest.mark.django_db(transaction=True)
    def test_ends_with_its_block_however_that_ends(self) -> None:
        with relaxed_commit():
            assert synchronous() == NORMAL
        assert synchronous() == FULL

        with pytest.raises(LookupError), relaxed_commit():
            raise LookupError
        assert synchronous() == FULL

    @pytest.mark.django_db
    def test_does_not_weaken_a_transaction_that_is_open(self) -> None:
        with relaxed_commit():
            assert synchronous() == FULL

    @pytest.mark.django_db(transaction=True)
    def test_a_landing_closes_its_record(self, desk: Desk) -> None:
        desk.save("production.md", TEXT + "More.\n", base=1)

        assert not LandingRecord.objects.filter(state=LandingRecord.State.OPEN).exists()
        assert synchronous() == FULL
