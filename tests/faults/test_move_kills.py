"""A move that is killed at any step leaves a mission that is whole, where it was or should be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_STEPS = 200  # a move of three files takes about a hundred

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_a_killed_move_loses_nothing(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "parallagon.settings.test",
        "PARALLAGON_TEST_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "ERROR",
    }
    program = [sys.executable, str(ROOT / "tests/faults/move_processes.py"), str(MOST_STEPS)]

    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["wrong"] == []
    assert answer["places"] == ["inside", "outside"]  # some were killed after the switch
    assert 40 < answer["killed"] < MOST_STEPS
