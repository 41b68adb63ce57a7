"""``manage.py run_mission``: a folder goes in, its documents come out, the exit code tells."""

import json
import os
import signal
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from agents.models import Agent
from missions.models import Mission
from missions.services import SaveFile
from parallagon.accounts.models import User
from parallagon.management.commands.run_mission import interruptible
from parallagon.management.folders import give_back, hashes_in
from parallagon.management.transfer import import_mission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def administrator(settings: LazySettings, tmp_path: Path) -> User:
    settings.DATA_DIR = tmp_path / "data"
    settings.ENVIRONMENT = {}
    return User.objects.create_superuser("ada")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "demande.md").write_text("# A tool\n\nThe tool must count words.\n")
    return folder


class TestRunMission:
    @pytest.mark.engine
    @pytest.mark.xdist_group("engine")
    @pytest.mark.timeout(240)
    def test_writes_the_documents_into_the_folder(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ):
        options = ["--until-settled", "--model", "offline/writer", "--language", "en", "--json"]

        call_command("run_mission", str(folder), *options, "--timeout", "200")

        report = json.loads(capsys.readouterr().out)
        assert (report["ending"], report["cost"], report["left_alone"]) == ("settled", "0", [])
        assert "The tool must count words." in (folder / "specifications.md").read_text()
        assert "specifications.md" in report["written"]
        assert "demande.md" not in report["written"]
        agents = Agent.objects.filter(mission=report["mission"])
        assert set(agents.values_list("state", flat=True)) == {Agent.State.STOPPED}

    @pytest.mark.parametrize("what", ["7", "9" * 30, "/no/such/file"])
    def test_refuses_what_is_not_there(self, what: str):
        with pytest.raises(SystemExit) as refusal:
            call_command("run_mission", what)

        assert isinstance(refusal.value.code, str)  # a sentence: exit code 1
        assert not Mission.objects.exists()

    @pytest.mark.parametrize(
        "option",
        ["--timeout=0", "--timeout=nan", "--timeout=x", "--max-cost=-1", "--max-cost=NaN"],
    )
    def test_refuses_numbers_that_are_none(self, folder: Path, option: str):
        with pytest.raises(CommandError):
            call_command("run_mission", str(folder), option)

        assert not Mission.objects.exists()


class TestGiveBack:
    def test_leaves_what_was_changed_meanwhile(self, folder: Path, administrator: User):
        (folder / "production.md").write_text("Mine.\n")
        before = hashes_in(folder)
        mission = import_mission(folder, user=None, language="en").mission
        for path in ("production.md", "demande.md"):
            SaveFile(
                mission=mission, user=administrator, path=path, text="Theirs.\n", base=1,
                now=mission.created_at,
            ).execute()  # fmt: skip
        (folder / "production.md").write_text("Mine again.\n")
        (folder / "suivi.md").write_text("New.\n")

        given = give_back(mission, folder, before=before)

        assert set(given.left_alone) == {"production.md", "suivi.md"}
        assert (folder / "production.md").read_text() == "Mine again.\n"
        assert (folder / "suivi.md").read_text() == "New.\n"
        assert (folder / "demande.md").read_text() == "Theirs.\n"
        assert not list(folder.glob(".*"))


class TestInterruptible:
    def test_takes_the_first_signal_for_a_wish_and_leaves_the_second_alone(self):
        before = signal.getsignal(signal.SIGINT)

        with interruptible() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.wait(5)
            assert signal.getsignal(signal.SIGINT) == before
