"""``manage.py mission``: missions from a shell."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from agents.models import Agent
from missions.models import Mission, Revision
from missions.storage import FileManager
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


class TestExportAndImport:
    @pytest.fixture
    def number(
        self, administrator: User, request_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> str:
        call_command("mission", "create", "A tool", "--request", str(request_file))
        return capsys.readouterr().out.strip()

    def test_a_whole_mission_goes_out_and_comes_back(
        self, number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("mission", "export", number, str(tmp_path))
        file = Path(capsys.readouterr().out.strip())
        call_command("mission", "import", str(file))

        copy = Mission.objects.get(pk=int(capsys.readouterr().out))
        assert file == tmp_path / "A tool.parallagon.zip"
        assert copy.title == "A tool"
        assert copy.agents.count() == 6
        (request,) = Revision.objects.filter(file__mission=copy, path="demande.md")
        assert request.author_name == "ada"

    def test_an_unpacked_export_is_imported_with_its_history(
        self, number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("mission", "export", number, str(tmp_path / "a.zip"))
        shutil.unpack_archive(tmp_path / "a.zip", tmp_path / "unpacked")
        capsys.readouterr()

        call_command("mission", "import", str(tmp_path / "unpacked"))

        copy = int(capsys.readouterr().out)
        assert Revision.objects.filter(file__mission=copy, author_name="ada").exists()

    def test_a_folder_is_imported_and_what_is_left_out_is_said(
        self, administrator: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = tmp_path / "notes"
        (folder / "deep").mkdir(parents=True)
        (folder / ".git").mkdir()
        (folder / ".git" / "config").write_text("[core]")
        (folder / "demande.md").write_text("Write.\n", encoding="utf-8")
        (folder / "deep" / "a.md").write_bytes(b"A\r\n")
        (folder / "picture.png").write_bytes(b"\xff")

        call_command("mission", "import", str(folder), "--language", "fr", "--start")

        said = capsys.readouterr()
        mission = Mission.objects.get(pk=int(said.out))
        assert (mission.title, mission.language) == ("notes", "fr")
        assert "left out: picture.png" in said.err
        assert FileManager(mission).read("deep/a.md") == b"A\r\n"
        assert set(mission.agents.values_list("state", flat=True)) == {Agent.State.IDLE}

    @pytest.mark.parametrize("kind", ["link", "FIFO", "folder that is a link"])
    def test_a_folder_with_something_else_in_it_is_refused(
        self, administrator: User, tmp_path: Path, kind: str
    ) -> None:
        folder = tmp_path / "notes"
        folder.mkdir()
        (folder / "demande.md").write_text("Write.\n", encoding="utf-8")
        if kind == "FIFO":
            os.mkfifo(folder / "a.md")
        else:
            (folder / "a.md").symlink_to("/etc" if "folder" in kind else "/etc/hostname")

        with pytest.raises(SystemExit, match="special file"):
            call_command("mission", "import", str(folder))
        assert not Mission.objects.exists()

    def test_the_files_alone_come_back_as_the_importers_own(
        self, number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("mission", "export", number, str(tmp_path / "a.zip"), "--as", "zip")
        capsys.readouterr()
        call_command("mission", "import", str(tmp_path / "a.zip"), "--title", "Copy")

        copy = Mission.objects.get(pk=int(capsys.readouterr().out))
        assert copy.title == "Copy"
        assert not Revision.objects.filter(file__mission=copy).exclude(author_name="").exists()

    def test_refuses_in_a_sentence(self, number: str, tmp_path: Path) -> None:
        (tmp_path / "a.zip").write_bytes(b"no archive")

        with pytest.raises(SystemExit, match="There is no mission 999"):
            call_command("mission", "export", "999")
        with pytest.raises(SystemExit, match="cannot be used"):
            call_command("mission", "export", number, str(tmp_path / "no" / "such" / "a.zip"))
        with pytest.raises(SystemExit, match="not a ZIP archive"):
            call_command("mission", "import", str(tmp_path / "a.zip"))
        with pytest.raises(SystemExit, match="cannot be used"):
            call_command("mission", "import", str(tmp_path / "missing.zip"))
        with pytest.raises(SystemExit, match="no active account"):
            call_command("mission", "import", str(tmp_path), "--user", "nobody")

    def test_a_file_that_could_not_be_finished_is_not_left(
        self, number: str, tmp_path: Path
    ) -> None:
        blobs = tmp_path / "data" / "blobs"
        for blob in blobs.rglob("*"):
            if blob.is_file():
                blob.write_bytes(b"junk")
        out = tmp_path / "out"
        out.mkdir()

        with pytest.raises(SystemExit, match="damaged"):
            call_command("mission", "export", number, str(out))
        assert list(out.iterdir()) == []
