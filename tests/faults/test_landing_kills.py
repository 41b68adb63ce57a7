"""Writers are killed at random moments; nothing that was acknowledged may be lost.

``PARALLAGON_KILLS`` sets how many (40, and 200 where browser, agent and editor meet at one file),
``PARALLAGON_KILLS_SEED`` repeats a sequence of moments.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

KILLS = int(os.environ.get("PARALLAGON_KILLS", "40"))
SEED = int(os.environ.get("PARALLAGON_KILLS_SEED", "0")) or random.randrange(1, 2**31)  # noqa: S311 - no secret
ROUNDS = int(os.environ.get("PARALLAGON_KILLS", "200"))
KINDS = ["person", "person", "agent", "mover"]
THREE = ["browser", "agent", "editor"]
LONGEST_WAIT = 0.1  # seconds between a change that was acknowledged and a kill
MOST_STEPS = 84  # a landing of two files takes about 70 statements and system calls
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60 + 2 * KILLS)]


class Writers:
    """The process that forks them (see ``landing_processes``)."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def ask(self, do: str, **options: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **options}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer


@contextmanager
def writers(folder: Path) -> Iterator[Writers]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "parallagon.settings.test",
        "PARALLAGON_TEST_DATA_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests/faults/landing_processes.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            yield Writers(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def assert_whole(found: dict[str, Any]) -> None:
    """Assert that folder and database agree and that nothing acknowledged is missing."""
    assert found["errors"] == []
    assert found["lost"] == []
    assert found["differing"] == []
    assert found["strays"] == []
    assert found["halves"] == []
    assert found["open"] == 0
    assert found["external"] == 0
    assert found["leftovers"] == []


def landed_count(log: Path) -> int:
    lines = log.read_bytes() if log.exists() else b""
    return lines.count(b"\n") - lines.count(b"editor-")


class TestKill9:
    def test_loses_nothing_that_was_acknowledged(self, tmp_path: Path) -> None:
        found = self._kill_in_turn(KINDS, folder=tmp_path, rounds=KILLS)

        assert found["acknowledged"] >= KILLS
        assert_whole(found)

    @pytest.mark.timeout(120 + 2 * ROUNDS)
    def test_loses_nothing_of_browser_agent_and_editor_at_the_same_file(
        self, tmp_path: Path
    ) -> None:
        found = self._kill_in_turn(THREE, folder=tmp_path, rounds=ROUNDS)

        assert found["acknowledged"] >= ROUNDS
        assert found["writers"].keys() == {*THREE}
        assert_whole({**found, "external": 0})

    def _kill_in_turn(self, kinds: list[str], *, folder: Path, rounds: int) -> dict[str, Any]:
        """Let writers write, kill one at a random moment each round, and tell what is left."""
        chance = random.Random(SEED)  # noqa: S311 - no secret
        with writers(folder) as parent:
            parent.ask("setup")
            living = [self._spawn(parent, kind, chance) for kind in kinds]

            for _ in range(rounds):
                self._wait_for_news(folder / "acknowledged.log")
                time.sleep(chance.uniform(0, LONGEST_WAIT))
                victim = living.pop(chance.randrange(len(living)))
                os.kill(victim[0], signal.SIGKILL)
                killed_by = parent.ask("reap", pid=victim[0])["signal"]
                assert killed_by in (signal.SIGKILL, 0)
                living.append(self._spawn(parent, victim[1], chance))
            for pid, _kind in living:
                os.kill(pid, signal.SIGKILL)
                parent.ask("reap", pid=pid)

            found = parent.ask("check")
        print(f"seed {SEED}, {rounds} kills: {found}")  # noqa: T201 - to repeat a failure
        return found

    @pytest.mark.parametrize("kind", ["agent", "mover"])
    def test_leaves_all_or_nothing_at_every_step(self, tmp_path: Path, kind: str) -> None:
        with writers(tmp_path) as parent:
            parent.ask("setup")

            for steps in range(MOST_STEPS):
                pid = parent.ask("spawn", kind=kind, seed=steps, fuse=steps)["pid"]
                parent.ask("reap", pid=pid)
                if steps % 4 == 3:  # often the next writer finishes it, sometimes the clean-up
                    assert_whole(parent.ask("check"))

            found = parent.ask("check")

        assert_whole(found)
        assert found["revisions"] > MOST_STEPS // 4
        assert found["acknowledged"] > 0

    @staticmethod
    def _wait_for_news(log: Path) -> None:
        """Wait for a change that landed; an editor saves a hundred times a second by itself."""
        known = landed_count(log)
        ends = time.monotonic() + 20
        while landed_count(log) == known:
            assert time.monotonic() < ends, "nobody lands anything"
            time.sleep(0.002)

    @staticmethod
    def _spawn(parent: Writers, kind: str, chance: random.Random) -> tuple[int, str]:
        answer = parent.ask("spawn", kind=kind, seed=chance.randrange(2**31))
        return answer["pid"], kind
