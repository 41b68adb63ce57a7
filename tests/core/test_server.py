"""The real server and a client who does not read."""

import base64
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import free_port
from tests.waiting import listens, wait_until

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "parallagon.server", "--verbosity", "0", "--port", str(port)]
    with subprocess.Popen(
        [*command, "tests.core.flood:application"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_for(process, "loaded")
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], part: str) -> str:
    """Return the next line that holds ``part``."""
    assert process.stdout is not None
    line: str
    for line in process.stdout:
        if part in line:
            return line
    raise AssertionError("the server ended")


def open_socket(port: int) -> socket.socket:
    client = connect(port)
    lines = (
        "GET / HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(b'0123456789abcdef').decode()}",
        "Sec-WebSocket-Version: 13",
    )
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return client


def connect(port: int) -> socket.socket:
    """Connect to a server that has loaded its application and is about to listen."""
    wait_until(lambda: listens(port))
    client: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
    return client


class TestClientThatDoesNotRead:
    def test_is_closed_and_takes_no_memory(self, server: subprocess.Popen[str], port: int) -> None:
        """The kernel takes a few MB, the server one buffer; then the sender waits."""
        with open_socket(port):
            closed = wait_for(server, "closed").split()
            sent = wait_for(server, "flooded").split()

        assert closed[-1] == "4408"
        assert int(sent[-1]) < 200


class TestClientThatReads:
    def test_is_sent_more_than_any_buffer_holds(
        self, server: subprocess.Popen[str], port: int
    ) -> None:
        wanted = 300 * 100_000
        with open_socket(port) as client:
            received = 0
            while received < wanted:
                piece = client.recv(1_000_000)
                assert piece, "it was closed"
                received += len(piece)
