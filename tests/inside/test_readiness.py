"""Checks that hang, fail or say what is wrong."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.db import connection

from parallagon.inside import readiness
from parallagon.inside.readiness import Answers


class TestAnswers:
    @pytest.fixture
    def may_answer(self) -> Iterator[threading.Event]:
        event = threading.Event()
        yield event
        event.set()

    def test_wait_for_none_that_hangs(self, may_answer: threading.Event) -> None:
        asked: list[int] = []

        def hang() -> None:
            asked.append(1)
            may_answer.wait()

        answers = Answers({"slow": hang, "quick": lambda: None}, seconds=0.05, kept=0)

        first, second = answers.get(), answers.get()

        assert first == second == {"slow": "it has not answered within 0.05 s", "quick": None}
        assert len(asked) == 1, "it was asked again while it hung"

    def test_are_asked_once_for_all_who_ask_within_a_second(self) -> None:
        asked: list[int] = []
        answers = Answers({"one": lambda: asked.append(1)}, kept=60)

        answers.get()
        answers.get()

        assert len(asked) == 1

    def test_tell_of_a_check_that_breaks(self) -> None:
        def breaks() -> str | None:
            raise RuntimeError("boom")

        said = Answers({"one": breaks}).get()["one"]

        assert said == "it cannot be looked at: RuntimeError: boom"


class TestDisk:
    def test_is_well_with_room(self, settings: LazySettings) -> None:
        settings.PARALLAGON_DISK_FREE_BYTES = 1
        settings.PARALLAGON_DISK_FREE_INODES = 0

        assert readiness.disk() is None

    def test_says_how_little_is_free(self, settings: LazySettings) -> None:
        settings.PARALLAGON_DISK_FREE_BYTES = 2**62

        assert "MiB are free" in str(readiness.disk())

    def test_says_that_it_is_not_there(self, settings: LazySettings) -> None:
        settings.DATA_DIR = "/nowhere"

        assert readiness.disk() == "it cannot be looked at: No such file or directory"


class TestRedis:
    def test_that_is_not_there(self, settings: LazySettings) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1"

        assert str(readiness.redis_server()).startswith("it does not answer")
        assert str(readiness.heard_of("beat")()).startswith("nobody knows")

    def test_that_hangs_is_left_after_a_second(self, settings: LazySettings) -> None:
        """It takes the connection and never says a word."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}"
            began = time.monotonic()

            said = Answers({"redis": readiness.redis_server}, seconds=0.2).get()

            assert said["redis"] == "it has not answered within 0.2 s"
            assert time.monotonic() - began < 5


@pytest.mark.django_db(transaction=True)
class TestMigrations:
    def test_are_applied(self) -> None:
        assert readiness.Migrations()() is None
        assert readiness.database() is None

    def test_that_are_not(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM django_migrations WHERE app = 'missions' ORDER BY id")
            name = cursor.fetchall()[-1][0]
            lose = "DELETE FROM django_migrations WHERE app = 'missions' AND name = %s"
            cursor.execute(lose, [name])
        try:
            said = readiness.Migrations()()
        finally:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO django_migrations (app, name, applied)"
                    " VALUES ('missions', %s, CURRENT_TIMESTAMP)",
                    [name],
                )
        assert said is not None
        assert said.endswith("migrations are not applied")
