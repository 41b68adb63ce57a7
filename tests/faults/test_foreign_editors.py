"""A program that knows nothing of Parallagon saves in a tight loop while people land.

Every state that it completed must be in the history, or be contained in one that is.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_landing_kills import assert_whole, writers

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


def race(folder: Path, editor: str) -> dict[str, Any]:
    """Let one editor and two people write the same files until the editor is done."""
    with writers(folder) as parent:
        parent.ask("setup")
        kinds = ["person", "person", editor]
        pids = [parent.ask("spawn", kind=kind, seed=seed)["pid"] for seed, kind in enumerate(kinds)]
        ends = time.monotonic() + 180
        while not (folder / "editor.done").exists():
            assert time.monotonic() < ends, list(folder.glob("error-*.log"))
            time.sleep(0.05)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            parent.ask("reap", pid=pid)
        found = parent.ask("check")
    print(f"{editor}: {found}")  # noqa: T201 - figures to compare
    return found


class TestEditor:
    @pytest.mark.parametrize("kind", ["editor", "editor in place"])
    def test_loses_no_save(self, tmp_path: Path, kind: str) -> None:
        found = race(tmp_path, kind)

        assert found["external"] > 50
        assert_whole({**found, "external": 0})
