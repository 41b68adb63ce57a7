"""The same team with the real Aider: its prompts are read, its parser takes every reply."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agents.gateway.offline.conversation import read_brief
from agents.gateway.offline.writer import write_reply
from agents.roles.base import AiderAgent, RunContext
from tests.offline.offline_requests import ODD_REQUESTS
from tests.offline.offline_team import Team, demo_request, new_mission

pytestmark = pytest.mark.engine


class RealAider:
    """A process that holds Aider, see `real_aider.py`."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "real_aider.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=home,
            env={
                "PATH": os.defpath,
                "HOME": str(home),
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "PYTHONHASHSEED": "0",
            },
        )

    def ask(self, question: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture(scope="module")
def aider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAider]:
    aider = RealAider(tmp_path_factory.mktemp("home"))
    yield aider
    aider.close()


@dataclass
class AiderTeam(Team):
    """A team whose prompts Aider makes and whose replies Aider applies."""

    aider: RealAider | None = None
    reminder: str = "user"
    examples_as_sys_msg: bool = False
    complaints: list[str] = field(default_factory=list)

    def answer(self, role: AiderAgent, context: RunContext) -> str:
        assert self.aider
        files = role.run_files(context.files)
        messages = self.aider.ask(
            {
                "files": dict(context.files),
                "editable": files.editable,
                "readonly": files.readonly,
                "prompt": role._build_prompt(context),
                "format": context.edit_format,
                "reminder": self.reminder,
                "examples_as_sys_msg": self.examples_as_sys_msg,
            }
        )
        brief = read_brief(messages)
        assert brief
        assert brief.files == context.files
        assert brief.editable == set(files.editable)
        reply = write_reply(messages)
        result = self.aider.ask(reply)
        self.complaints += [result["complaint"]] if result["complaint"] else []
        self.files.update(result["files"])
        return reply


FORMATS = ["diff", "whole"]
REQUESTS = {"demo": demo_request("fr"), **{name: text for name, (text, _) in ODD_REQUESTS.items()}}


@pytest.mark.parametrize("edit_format", FORMATS)
@pytest.mark.parametrize("name", REQUESTS)
def test_every_reply_is_applied_as_it_was_meant(
    aider: RealAider, name: str, edit_format: str
) -> None:
    meant = Team(new_mission("fr", REQUESTS[name]), "fr")
    meant.settle()

    team = AiderTeam(new_mission("fr", REQUESTS[name]), "fr", edit_format, aider=aider)
    team.settle()

    assert team.complaints == []
    assert team.files == meant.files


@pytest.mark.parametrize("reminder", ["sys", "user"])
@pytest.mark.parametrize("examples_as_sys_msg", [False, True])
def test_every_way_of_prompting_is_understood(
    aider: RealAider, reminder: str, *, examples_as_sys_msg: bool
) -> None:
    files = new_mission("en", "# Request\n\nThe gate must open.\n\n```\n````\n<source>\n```\n")
    team = AiderTeam(files, aider=aider, reminder=reminder, examples_as_sys_msg=examples_as_sys_msg)

    team.settle()

    assert team.complaints == []
    assert "“The gate must open.”" in team.files["specifications.md"]


def test_a_file_without_a_last_newline_is_read_whole(aider: RealAider) -> None:
    files = new_mission("en", "The gate must open.")
    files["specifications.md"] = "My own beginning"
    files["production.md"] = ""
    team = AiderTeam(files, aider=aider)

    team.settle()

    assert team.complaints == []
    assert "My own beginning" in team.files["specifications.md"]
    assert "## R1 — " in team.files["production.md"]
