"""The supervisor keeps processes running and leaves none."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from parallagon.supervisor.process import ProcessSpec, SupervisedProcess
from parallagon.supervisor.supervisor import Supervisor
from tests.frame import programs
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 20  # seconds


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


class Stage:
    """A supervisor and what its processes said."""

    def __init__(self, supervisor: Supervisor, said: list[tuple[str, str]]) -> None:
        self.supervisor = supervisor
        self.said = said

    def start(self, command: tuple[str, ...], name: str = "one") -> SupervisedProcess:
        """Start a program and wait until it has said something."""
        before = len(self.said)
        process = self.supervisor.start(ProcessSpec(name=name, command=command))
        assert self.supervisor.run_until(lambda: len(self.said) > before, within=PATIENCE)
        return process

    def lines(self, name: str) -> list[str]:
        return [line for who, line in self.said if who == name]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr("parallagon.supervisor.supervisor.PATIENCE", 0.5)
    said: list[tuple[str, str]] = []
    with Supervisor(folder=ROOT, say=lambda name, line: said.append((name, line))) as supervisor:
        yield Stage(supervisor, said)


class TestSupervisor:
    def test_passes_on_lines_under_the_name(self, stage: Stage) -> None:
        stage.start(programs.STEADY, name="steady")

        assert stage.lines("steady") == ["here"]

    def test_keeps_silent_about_what_is_not_to_be_said(self, stage: Stage) -> None:
        hushed = ProcessSpec(name="hushed", command=programs.STEADY, unsaid=("here",))
        stage.supervisor.start(hushed)
        stage.start(programs.STEADY, name="loud")

        stage.supervisor.run_until(lambda: False, within=0.5)

        assert stage.lines("hushed") == []

    def test_starts_a_killed_process_again(self, stage: Stage) -> None:
        process = stage.start(programs.STEADY)
        first = process.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        came_back = stage.supervisor.run_until(
            lambda: stage.lines("one") == ["here", "here"], within=PATIENCE
        )

        assert came_back
        assert process.pid != first
        assert stage.lines("up") == ["one was ended by SIGKILL; starting it again in 0.5 s"]

    def test_gives_up_waiting_when_a_process_keeps_ending(self, stage: Stage) -> None:
        stage.supervisor.start(ProcessSpec(name="broken", command=programs.BROKEN))

        is_up = stage.supervisor.run_until(lambda: False, within=PATIENCE)

        failing = stage.supervisor.failing()
        assert not is_up
        assert failing is not None
        assert failing.spec.name == "broken"
        assert "there is no such thing" in stage.lines("broken")

    def test_reports_a_command_that_does_not_exist(self, stage: Stage) -> None:
        stage.start(("/no/such/command",))

        assert stage.lines("one")[0].startswith("/no/such/command cannot be started")

    def test_ends_what_ignores_a_request_to_end(self, stage: Stage) -> None:
        process = stage.start(programs.STUBBORN)
        pid = process.pid
        assert pid is not None

        stage.supervisor.stop()

        assert not is_alive(pid)

    def test_ends_what_moved_to_a_session_of_its_own(self, stage: Stage) -> None:
        stage.start(programs.PARENT)
        child = int(stage.lines("one")[0].split()[1])

        stage.supervisor.stop()

        wait_until(lambda: not is_alive(child))

    @pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
    def test_ends_what_a_killed_process_left_behind(self, stage: Stage) -> None:
        process = stage.start(programs.PARENT)
        child = int(stage.lines("one")[0].split()[1])
        assert process.pid is not None

        os.kill(process.pid, signal.SIGKILL)

        assert stage.supervisor.run_until(lambda: not is_alive(child), within=PATIENCE)

    def test_stops_at_a_signal(self, stage: Stage) -> None:
        process = stage.start(programs.STEADY)
        pid = process.pid
        assert pid is not None

        os.kill(os.getpid(), signal.SIGTERM)
        stage.supervisor.run()
        stage.supervisor.stop()

        assert not is_alive(pid)


SUPERVISED = """
import sys
from pathlib import Path
from parallagon.supervisor.process import ProcessSpec
from parallagon.supervisor.supervisor import Supervisor
from tests.frame import programs

def say(name, line):
    print(name, line, flush=True)

with Supervisor(folder=Path.cwd(), say=say) as supervisor:
    process = supervisor.start(ProcessSpec(name="one", command=programs.STUBBORN))
    print("pid", process.pid, flush=True)
    supervisor.run()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="children die with their parent on Linux only")
class TestDeath:
    def test_of_the_supervisor_takes_its_processes_along(self) -> None:
        supervisor = subprocess.Popen(
            [sys.executable, "-c", SUPERVISED], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert supervisor.stdout is not None
        with supervisor.stdout as said:
            child = int(said.readline().split()[1])
            assert said.readline() == "one here\n"

            supervisor.kill()
            supervisor.wait(PATIENCE)

        wait_until(lambda: not is_alive(child))
