"""Faults of the database and of Redis, planted in real ones."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.utils import timezone

from missions.models import Event
from parallagon.core.heartbeats import Heart
from parallagon.doctor import broker, database
from tests.doctor.findings import bad, codes
from tests.factories import make_mission
from tests.valkey import Valkey


@pytest.mark.django_db(transaction=True)
class TestDatabase:
    def test_that_is_well(self) -> None:
        assert set(codes(database.examine()).values()) == {"fine"}

    def test_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse() -> None:
            raise OperationalError("connection refused\n")

        monkeypatch.setattr(connection, "ensure_connection", refuse)

        assert bad(database.examine()) == {"database.answers": "problem"}

    @pytest.mark.parametrize(
        ("pragma", "code"),
        [
            ("PRAGMA synchronous=OFF", "database.synchronous"),
            ("PRAGMA journal_mode=DELETE", "database.wal"),
        ],
    )
    def test_that_may_forget(
        self, pragma: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its own database: a journal changes only where nobody else has the file open."""
        with closing(sqlite3.connect(tmp_path / "database")) as own:
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", pragma):
                own.execute(statement)
            monkeypatch.setattr(database, "_one", lambda asked: own.execute(asked).fetchone()[0])

            assert bad(database._sqlite()) == {code: "problem"}

    def test_that_lacks_migrations(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(database, "Migrations", lambda: lambda: "2 migrations are not applied")

        assert bad(database.examine()) == {"database.migrations": "problem"}

    def test_whose_clock_differs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ahead = SimpleNamespace(time=lambda: time.time() + 60)
        monkeypatch.setattr(database, "time", ahead)

        assert bad(database.examine()) == {"database.clock": "warning"}

    def test_that_holds_the_future(self) -> None:
        at = timezone.now() + timedelta(hours=1)
        Event.objects.create(mission=make_mission(), seq=999, type="file.changed", data={}, at=at)

        assert bad(database.examine()) == {"database.future": "warning"}


class TestRedis:
    @pytest.fixture
    def client(self, valkey: Valkey) -> Iterator["redis.Redis"]:
        with redis.Redis.from_url(valkey.url) as client:
            yield client

    def test_that_is_well(self, valkey: Valkey) -> None:
        assert set(codes(broker.examine()).values()) == {"fine"}

    def test_that_drops_messages(self, client: "redis.Redis") -> None:
        client.config_set("maxmemory-policy", "allkeys-lru")

        assert bad(broker.examine()) == {"redis.policy": "problem"}

    def test_that_may_drop_what_expires(self, client: "redis.Redis") -> None:
        client.config_set("maxmemory-policy", "volatile-lru")

        assert bad(broker.examine()) == {}

    def test_that_is_nearly_full(self, client: "redis.Redis") -> None:
        client.config_set("maxmemory", 1024**2)

        assert bad(broker.examine()) == {"redis.memory": "warning"}

    def test_that_is_too_old(self, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(broker, "OLDEST", (99, 0))

        assert bad(broker.examine()) == {"redis.version": "problem"}

    def test_whose_clock_differs(self, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(broker, "time", SimpleNamespace(time=lambda: time.time() + 60))

        assert bad(broker.examine()) == {"redis.clock": "warning"}

    def test_that_is_down(self, settings: LazySettings) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1"

        assert bad(broker.examine()) == {"redis.answers": "problem"}
        assert bad(broker.examine_processes()) == {"processes.unknown": "warning"}


class TestProcesses:
    def test_that_all_live(self, valkey: Valkey) -> None:
        for name in broker.EXPECTED:
            Heart(name).beat()

        assert codes(broker.examine_processes()) == {"processes.alive": "fine"}

    @pytest.mark.parametrize("silent", broker.EXPECTED)
    def test_of_which_one_is_silent(self, valkey: Valkey, silent: str) -> None:
        for name in set(broker.EXPECTED) - {silent}:
            Heart(name).beat()

        assert bad(broker.examine_processes()) == {f"processes.{silent}": "problem"}

    def test_of_which_none_lives(self, valkey: Valkey) -> None:
        assert bad(broker.examine_processes()) == {"processes.none": "problem"}
