"""What every test lives by: no network but this machine, and turns for what needs it whole."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
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
