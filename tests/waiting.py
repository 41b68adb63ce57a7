"""Waiting for what another process does, which nobody announces: looked at again and again."""

import socket
import time
from collections.abc import Callable

BETWEEN_LOOKS = 0.02  # seconds


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return as soon as ``condition`` holds; fail the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(BETWEEN_LOOKS)


def listens(port: int) -> bool:
    """Tell whether a server takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
