"""What every test lives by: no network but this machine, and turns for what needs it whole."""

import socket
from typing import Any

import pytest

ALONE = {"faults", "browser", "engine"}
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that start real processes follow each other in one worker of pytest-xdist."""
    for item in items:
        if ALONE & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.xdist_group("machine"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that reaches for another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            pytest.fail(f"a test reached for {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
