"""A writer is stopped at each step of its landing until another takes its lock for a dead one's.

It goes on afterwards without knowing. Nothing that was acknowledged may be lost by that, and
nothing that it still does may be taken for the work of another program.

``PARALLAGON_STOPS`` says at how many steps (12, spread over a landing; ``MOST_STEPS`` are all).
"""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.test_landing_kills import MOST_STEPS, Writers, assert_whole, writers
from tests.valkey import Valkey

STOPS = int(os.environ.get("PARALLAGON_STOPS", "12"))
STEPS = sorted({round(number * MOST_STEPS / STOPS) for number in range(STOPS)})

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60 + 10 * STOPS)]


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writers]:
    with tempfile.TemporaryDirectory() as folder:
        valkey = Valkey(Path(folder))
        valkey.start()
        monkeypatch.setenv("PARALLAGON_TEST_LOCKS_ON", valkey.url)
        try:
            with writers(tmp_path) as process:
                process.ask("setup")
                yield process
        finally:
            valkey.kill()


@pytest.mark.parametrize("kind", ["person", "agent"])
def test_a_writer_that_lost_its_lock_harms_nobody(parent: Writers, kind: str) -> None:
    stops = 0
    for step in STEPS:
        slow = parent.ask("spawn", kind=kind, seed=step, fuse=step, stops=True, rounds=1)["pid"]
        was_stopped = parent.ask("stopped", pid=slow)["stopped"]
        stops += was_stopped

        assert finish(parent, parent.ask("spawn", kind="person", seed=step, rounds=2)["pid"]) == 0
        if was_stopped:
            os.kill(slow, signal.SIGCONT)
        assert finish(parent, slow) == 0
        assert finish(parent, parent.ask("spawn", kind="agent", seed=step, rounds=1)["pid"]) == 0

        assert_whole(parent.ask("check"))
    assert stops > len(STEPS) // 2


def finish(parent: Writers, pid: int) -> int | None:
    code: int | None = parent.ask("reap", pid=pid)["code"]
    return code
