"""Replies that reach for what is not theirs, through the whole cycle, with and without sandbox.

What is asserted is the state outside: the mission's folder, other files, the next prompt.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agents import judge
from agents.aider.engine import Engine
from missions import leases
from missions.storage import FileManager
from tests.agents.cycle_runs import Team, duration, private_folder
from tests.aider.aider_model import ScriptedModel, search_block
from tests.aider.workbench import workbench_engine

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

CANARY = "canary-7e41f2"
ATTEMPTS = [
    "../x",
    "../../escaped.md",
    "{outside}/x.md",
    "{outside}/secret.md",
    "specifications.md",
    "demande.md",
    "evaluation.md",
    "suivi.md",
    ".env",
    ".aider.conf.yml",
    "production/.git/config",
    "notes.md",
    "production/run.exe",
]


@pytest.fixture(params=["auto", "none"])
def sandbox(request: pytest.FixtureRequest, settings: Any) -> str:
    settings.PARALLAGON_SANDBOX = request.param
    return str(request.param)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the data directory, with something worth stealing."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.md").write_text(f"{CANARY}\n")
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return what lies beside the mission's files, which no run may change."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("sandbox")
class TestWhatIsNotTheirs:
    @pytest.mark.parametrize("attempt", ATTEMPTS)
    def test_is_refused_named_and_changes_nothing(
        self, team: Team, model: ScriptedModel, outside: Path, attempt: str
    ):
        before = team.on_disk(), team.paths(), snapshot(outside)
        path = attempt.format(outside=outside)
        model.enqueue(search_block(path, "", "owned\n"))
        model.enqueue("I cannot do more.\n")

        run = team.run("production")

        assert run.outcome == "rejected", run.reason
        assert [entry["path"] for entry in run.refused] == [path]
        assert path in run.reason
        assert path in team.log(run), "the run's log names what was refused"
        assert (team.on_disk(), team.paths(), snapshot(outside)) == before
        assert not (FileManager(team.mission).root.parent / "x").exists()
        assert not private_folder(run.pk).exists()
        assert CANARY not in model.prompts()

    @pytest.mark.parametrize("path", ["/proc/self/environ", "/dev/zero", "/etc/hostname"])
    def test_is_not_even_read(self, team: Team, model: ScriptedModel, path: str):
        before = team.on_disk()
        model.enqueue(search_block(path, "PATH\n", "owned\n"))
        model.enqueue("I cannot do more.\n")

        run = team.run("production")

        assert run.outcome == "rejected", run.reason
        assert [entry["path"] for entry in run.refused] == [path]
        assert path in team.log(run)
        assert team.on_disk() == before
        assert "LANG=C.UTF-8" not in model.prompts()
        assert "HOME=" not in model.prompts()
        assert duration(run) < timedelta(seconds=10)

    def test_takes_what_was_allowed_down_with_it(self, team: Team, model: ScriptedModel):
        before = team.on_disk()
        allowed = search_block("production.md", "# Production\n", "# Mine now\n")
        model.enqueue(allowed + search_block("specifications.md", "", "owned\n"))
        model.enqueue("I cannot do more.\n")

        run = team.run("production")

        assert run.outcome == "rejected"
        assert team.on_disk() == before


class TestAfterARefusal:
    def test_the_agent_goes_on_and_the_same_is_not_tried_again(
        self, team: Team, model: ScriptedModel
    ):
        team.start("suivi")
        model.enqueue(search_block("../x", "", "owned\n"))
        model.enqueue("I cannot do more.\n")
        assert team.run("production").outcome == "rejected"

        assert team.run("production").outcome == "skipped"
        assert team.agent("production").state == "IDLE"


@pytest.fixture(scope="module")
def open_engine() -> Iterator[Engine]:
    """Give an engine whose children write whatever file a reply names."""
    without = ("filter", "questions", "console", "kernel")
    with workbench_engine(without=without) as engine:
        yield engine


@pytest.fixture
def unheld(team: Team, open_engine: Engine) -> Team:
    """Give a team whose agents nothing holds back but what is collected of their work."""
    team.workshop = replace(team.workshop, engine=open_engine)
    return team


class TestThePrivateCopy:
    @pytest.mark.parametrize("path", ["notes.md", "specifications.md", "flake8.py", ".env"])
    def test_alone_keeps_what_is_not_theirs_from_the_mission(
        self, unheld: Team, model: ScriptedModel, path: str
    ):
        before = unheld.on_disk(), unheld.paths()
        model.enqueue(search_block(path, "", "owned\n"))

        run = unheld.run("production")

        assert run.outcome == "rejected", run.reason
        assert [entry["path"] for entry in run.refused] == [path]
        assert (unheld.on_disk(), unheld.paths()) == before
        assert not private_folder(run.pk).exists()

    def test_is_followed_by_the_lease_if_everything_was_collected(
        self, unheld: Team, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
    ):
        before = unheld.on_disk(), unheld.paths()
        monkeypatch.setattr(judge, "matches_any", lambda *_args: True)
        model.enqueue(search_block("notes.md", "", "owned\n"))

        run = unheld.run("production")

        assert (run.outcome, run.reason) == ("failed", "production may not write notes.md.")
        assert (unheld.on_disk(), unheld.paths()) == before

    def test_and_the_lease_are_what_held_it_back(
        self, unheld: Team, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(judge, "matches_any", lambda *_args: True)
        monkeypatch.setattr(leases, "matches", lambda *_args: True)
        model.enqueue(search_block("notes.md", "", "owned\n"))

        run = unheld.run("production")

        assert run.outcome == "changed", run.reason
        assert unheld.text("notes.md") == "owned\n"
