"""``manage.py watch`` as a process of its own, killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_landing_kills import ROOT, Writers, writers

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
SECONDS = 60


@contextmanager
def watcher(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "parallagon.settings.test",
        "PARALLAGON_TEST_DATA_DIR": str(folder),
    }
    command = [sys.executable, str(ROOT / "manage.py"), "watch"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def root_of(parent: Writers, folder: Path) -> Path:
    return folder / "missions" / str(parent.ask("setup")["mission"])


def wait_for(parent: Writers, path: str, operations: list[str]) -> list[dict[str, Any]]:
    """Return the external revisions of a file once their operations are these."""
    ends = time.monotonic() + SECONDS
    while True:
        found = [
            one
            for one in parent.ask("history", path=path)["revisions"]
            if one["author"] == "external"
        ]
        if [one["operation"] for one in found] == operations:
            return found
        assert time.monotonic() < ends, found
        time.sleep(0.05)


class TestWatcherProcess:
    def test_takes_in_what_happened_while_it_was_dead(self, tmp_path: Path) -> None:
        with writers(tmp_path) as parent:
            root = root_of(parent, tmp_path)
            with watcher(tmp_path) as first:
                (root / "demande.md").write_text("one\n")
                wait_for(parent, "demande.md", ["WRITE"])
                first.send_signal(signal.SIGKILL)
                first.wait(10)
            (root / "demande.md").write_text("two\n")
            (root / "new.md").write_text("new\n")
            (root / "production/part.md").unlink()

            with watcher(tmp_path) as second:
                found = wait_for(parent, "demande.md", ["WRITE", "WRITE"])
                wait_for(parent, "new.md", ["CREATE"])
                wait_for(parent, "production/part.md", ["DELETE"])
                second.terminate()
                status = second.wait(10)

        assert [one["text"] for one in found] == ["one\n", "two\n"]
        assert status == 0

    def test_leaves_landings_alone(self, tmp_path: Path) -> None:
        with writers(tmp_path) as parent, watcher(tmp_path):
            root = root_of(parent, tmp_path)
            pids = [parent.ask("spawn", kind=kind, seed=7)["pid"] for kind in ("person", "agent")]
            wait_for_lines(tmp_path / "acknowledged.log", 40)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
                parent.ask("reap", pid=pid)
            (root / "end.md").write_text("end\n")
            wait_for(parent, "end.md", ["CREATE"])

            found = parent.ask("check")

        assert found["external"] == 1
        assert found["lost"] == []
        assert found["leftovers"] == []


def wait_for_lines(path: Path, count: int) -> None:
    ends = time.monotonic() + SECONDS
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < ends
        time.sleep(0.05)
