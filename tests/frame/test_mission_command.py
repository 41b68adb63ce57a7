"""``manage.py mission``: missions from a shell."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from agents.models import Agent
from missions.models import Mission
from parallagon.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def private_data(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def administrator() -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    file = tmp_path / "request.md"
    file.write_text("# A tool\n\nIt must count words.\n", encoding="utf-8")
    return file


class TestCreate:
    def test_prints_the_number_of_a_resting_mission(
        self, administrator: User, request_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("mission", "create", "A tool", "--request", str(request_file))

        mission = Mission.objects.get(pk=int(capsys.readouterr().out))
        assert (mission.title, mission.owner, mission.language) == ("A tool", administrator, "en")
        assert set(mission.agents.values_list("state", flat=True)) == {Agent.State.STOPPED}

    def test_starts_its_agents_when_asked(self, administrator: User, request_file: Path) -> None:
        options = ["--request", str(request_file), "--language", "fr", "--start"]

        call_command("mission", "create", "Un outil", *options)

        mission = Mission.objects.get()
        assert mission.language == "fr"
        assert set(mission.agents.values_list("state", flat=True)) == {Agent.State.IDLE}

    def test_refuses_a_request_that_is_not_there(self, administrator: User) -> None:
        with pytest.raises(SystemExit, match="No such file"):
            call_command("mission", "create", "A tool", "--request", "/no/such/file")

    def test_refuses_a_request_that_is_no_text(self, administrator: User, tmp_path: Path) -> None:
        file = tmp_path / "picture.md"
        file.write_bytes(b"\xff\xfe\x00")

        with pytest.raises(SystemExit, match="not UTF-8"):
            call_command("mission", "create", "A tool", "--request", str(file))

    def test_takes_a_folder_that_is_there(
        self,
        administrator: User,
        tmp_path: Path,
        settings: LazySettings,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        settings.PARALLAGON_EXTERNAL_ROOTS = [tmp_path / "texts"]
        folder = tmp_path / "texts" / "tool"
        folder.mkdir(parents=True)
        (folder / "demande.md").write_text("# A tool\n")
        (folder / "photo.png").write_bytes(b"png")

        call_command("mission", "create", "A tool", "--folder", str(folder))

        output = capsys.readouterr()
        assert Mission.objects.get(pk=int(output.out)).folder == str(folder)
        assert "left alone: photo.png" in output.err
        assert (folder / "demande.md").read_text() == "# A tool\n"
        assert (folder / "suivi.md").exists()

    def test_needs_a_request_or_a_folder(self, administrator: User, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match="--folder PATH"):
            call_command("mission", "create", "A tool")
        with pytest.raises(SystemExit, match="allows"):
            call_command("mission", "create", "A tool", "--folder", str(tmp_path))

    def test_needs_an_account(self, request_file: Path) -> None:
        with pytest.raises(SystemExit, match="make run"):
            call_command("mission", "create", "A tool", "--request", str(request_file))


class TestList:
    def test_shows_a_line_a_mission(
        self, administrator: User, request_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("mission", "create", "A tool", "--request", str(request_file))
        number = capsys.readouterr().out.strip()

        call_command("mission", "list")

        assert capsys.readouterr().out == f"{number}\tACTIVE\ten\tstopped\tA tool\n"
