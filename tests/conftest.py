"""What every test lives by: no network but this machine, and turns for what needs it whole."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadFileScheduling

# Whole installations, browsers and killed processes: one after the other, in one worker.
ALONE = ("tests/browser/", "tests/faults/", "tests/frame/test_up.py")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Turns(LoadFileScheduling):  # type: ignore[misc] # it has no types
    """Give each worker whole files, and all that need the machine to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "the machine" if file.startswith(ALONE) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Turns:
    return Turns(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on servers, what would find nothing there that it does not find without them."""
    if not os.environ.get("PARALLAGON_TEST_DATABASE_URL"):
        return
    left_out = [item for item in items if not _uses_servers(item)]
    items[:] = [item for item in items if _uses_servers(item)]
    config.hook.pytest_deselected(items=left_out)


def _uses_servers(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return bool({"db", "transactional_db", "servers"} & {*fixtures}) or any(
        item.iter_markers("django_db")
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let the test database go even where a thread that has ended kept a session of it."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """Give the thread its language back, which a request in French changes."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that reaches for another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            pytest.fail(f"a test reached for {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
