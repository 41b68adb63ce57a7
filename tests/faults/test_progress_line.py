"""``manage.py run_mission`` on a terminal, interrupted as a person would, and without one."""

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from agents.models import Agent, AgentRun
from missions.models import Mission
from missions.services import CreateMission
from tests.factories import make_user
from tests.faults.cycle_worker import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

CODES = re.compile(
    r"\x1b\[(?P<number>\??\d*)[\d;]*(?P<what>[A-Za-z])|(?P<char>[\r\n])|[^\x1b\r\n]+"
)
COLUMNS = 90


class Screen:
    """What a person sees: enough of a terminal for one line that redraws itself."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0
        self.widest = 0
        self.has_cursor = True

    def feed(self, text: str) -> None:
        for found in CODES.finditer(text):
            if char := found["char"]:
                self._move(char)
            elif found["what"]:
                self._obey(found["what"], found["number"])
            else:
                self._write(found[0])

    def _move(self, char: str) -> None:
        self.column = 0
        if char == "\n":
            self.row += 1
            self.lines += [""] * (self.row + 1 - len(self.lines))

    def _obey(self, what: str, number: str) -> None:
        if what == "K":
            assert number == "2"
            self.lines[self.row] = ""
        elif what == "A":
            self.row -= int(number or 1)
        elif number == "?25":
            self.has_cursor = what == "h"
        else:
            assert what == "m", f"not known to this screen: {number}{what}"

    def _write(self, text: str) -> None:
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + text + line[self.column + len(text) :]
        self.column += len(text)
        self.widest = max(self.widest, self.column)


class Terminal:
    """A command whose three streams are a terminal that is its own."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self.screen = Screen()
        self.said = ""
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, COLUMNS))
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)

    def read(self) -> bool:
        """Take in what comes next; return whether there is more to come."""
        if not select.select([self._ours], [], [], 1)[0]:
            return True
        try:
            text = os.read(self._ours, 65536).decode()
        except OSError:  # nobody has it open any more
            return False
        self.said += text
        self.screen.feed(text)
        return bool(text)

    def read_until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.read(), f"it ended: {self.said!r}"
            assert time.monotonic() < deadline, self.said[-2000:]

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def end(self) -> int:
        """Read what is left and return the exit code."""
        while self.read():
            pass
        return self.process.wait(30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self._ours)


@pytest.fixture
def mission(settings: Any, transactional_db: None, tmp_path: Path) -> Mission:
    settings.DATA_DIR = tmp_path
    return CreateMission(
        owner=make_user(), title="Words", request="# A tool\n\nThe tool must count words.\n",
        language="en", model="offline/writer", now=timezone.now(),
    ).execute()  # fmt: skip


@pytest.fixture
def command(mission: Mission) -> list[str]:
    return [sys.executable, "manage.py", "run_mission", str(mission.pk), "--until-settled"]


@pytest.fixture
def environment(mission: Mission, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.faults.cycle_settings",
        "PARALLAGON_TEST_DATABASE": str(django_settings.DATABASES["default"]["NAME"]),
        "PARALLAGON_DATA_DIR": str(tmp_path),
        "PYTHONWARNINGS": "default",
        "TERM": "xterm-256color",
        "COLUMNS": "",
        "NO_COLOR": "",
    }


@pytest.fixture
def open_terminal(
    command: list[str], environment: dict[str, str]
) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_one(*options: str, **changed: str) -> Terminal:
        opened.append(Terminal([*command, *options], **{**environment, **changed}))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


class TestOnATerminal:
    def test_redraws_one_line_and_takes_it_away(self, open_terminal: Callable[..., Terminal]):
        terminal = open_terminal()

        terminal.read_until(lambda: "/6 at rest" in terminal.screen.lines[-1])
        assert terminal.screen.has_cursor
        assert terminal.end() == 0

        drawn = re.findall(
            r"(\d)/6 at rest, \d:\d\d:\d\d, .*?(\d+) runs?, US\$ 0.00", terminal.said
        )
        lines = terminal.screen.lines
        assert len({int(runs) for _resting, runs in drawn}) > 2, "it never moved"
        assert terminal.screen.widest <= COLUMNS - 2
        assert not [line for line in lines if "at rest" in line or "starting" in line]
        assert any(line.startswith("specifications: changed: ") for line in lines)
        assert lines[-2].startswith("settled after ")
        assert (lines[-1], terminal.screen.has_cursor) == ("", True)
        assert "Traceback" not in terminal.said

    def test_leaves_a_clean_line_when_interrupted(
        self, mission: Mission, open_terminal: Callable[..., Terminal]
    ):
        terminal = open_terminal(PARALLAGON_OFFLINE_PACE="20")
        terminal.read_until(lambda: ", now " in terminal.screen.lines[-1])

        terminal.press(b"\x03")
        assert terminal.end() == 130

        lines = terminal.screen.lines
        assert ", stopping, " in terminal.said
        assert not [line for line in lines if "at rest" in line or "^C" in line]
        assert lines[-2].startswith("interrupted after ")
        assert (lines[-1], terminal.screen.has_cursor) == ("", True)
        assert "Traceback" not in terminal.said
        assert set(mission.agents.values_list("state", flat=True)) == {Agent.State.STOPPED}
        failures = AgentRun.objects.filter(mission=mission).values_list("failure", flat=True)
        assert set(failures) <= {""}, "the key reached more than the command"

    @pytest.mark.parametrize("option", ["--json", "--no-progress"])
    def test_draws_nothing_when_told_so(self, option: str, open_terminal: Callable[..., Terminal]):
        terminal = open_terminal(option, "--timeout=0.001")

        assert terminal.end() == 4
        assert "\x1b" not in terminal.said


def test_says_plain_lines_without_a_terminal(command: list[str], environment: dict[str, str]):
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, "FORCE_COLOR": "1"}, capture_output=True, text=True,
        timeout=200, check=True,
    )  # fmt: skip

    said = done.stderr.splitlines()
    assert said[0].startswith("mission ")
    assert any(line.startswith("specifications: changed: ") for line in said)
    assert "\x1b" not in done.stderr
    assert "at rest" not in done.stderr
    assert done.stdout.startswith("settled after ")
