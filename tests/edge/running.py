"""A real server for a test, with an application of the test's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.installation import free_port
from tests.waiting import listens, wait_until

ROOT = Path(__file__).parents[2]


@contextmanager
def running(application: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the server until the block ends; it prints ``loaded`` when it is about to listen."""
    port = free_port()
    command = (sys.executable, "-m", "parallagon.server", "--verbosity", "0", "--port", str(port))
    with subprocess.Popen(
        [*command, application],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            until(process, "loaded")
            wait_until(lambda: listens(port))
            yield process, port
        finally:
            process.kill()


def until(process: subprocess.Popen[str], part: str) -> list[str]:
    """Return what the server says up to the line that holds ``part``."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if part in line:
            return said
    raise AssertionError("the server ended: " + "".join(said))
