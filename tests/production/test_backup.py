"""Backups: everything comes back, on either database, and what is not whole is refused."""

import gzip
import shutil
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from agents.models import Agent, AgentRun
from agents.selectors import run_directory
from agents.services import Dispatch, StartMission
from missions import integrity
from missions.landing import Author, Change, land
from missions.models import Event, Mission, Revision
from missions.services import CreateMission
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.backup import Archive, BackUp, BackupDamaged, NotEmpty, Restore, rows
from parallagon.backup.restore import OtherVersion
from parallagon.core.errors import Conflict, FileOperationError
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return tmp_path


@pytest.fixture
def mission() -> Mission:
    """A mission with a past: people, agents, a run that waits and one that has ended."""
    owner = make_user(username="ada", first_name="Ada")
    mission = CreateMission(
        owner=owner, title="Été", request="It must count.\n", language="fr",
        model="offline/writer", now=timezone.now(),
    ).execute()  # fmt: skip
    person = Author.person(owner)
    for number, text in enumerate(["One.\n", "One. Deux — « trois ».\n"]):
        change = Change(path="notes/a.md", text=text, base=number or None)
        land(mission, [change], author=person, now=timezone.now())
    StartMission(mission=mission, now=timezone.now()).execute()
    [run_id, *_] = Dispatch(now=timezone.now()).execute()
    directory = run_directory(run_id)
    directory.mkdir(parents=True)
    (directory / "log.jsonl").write_text('{"text": "Said."}\n')
    return mission


@pytest.fixture
def backup(mission: Mission, place: Path) -> Path:
    file = place / "kept.backup"
    BackUp(file=file, now=timezone.now()).execute()
    return file


def everything() -> dict[str, list[str]]:
    """Return every row of every table, in words."""
    return {rows.label(model): list(rows.lines_of(model)) for model in rows.kept_models()}


def lose_everything(data: Path) -> None:
    """Leave what a new machine has: migrated tables, no files."""
    shutil.rmtree(data)
    data.mkdir()
    call_command("flush", interactive=False, verbosity=0)


class TestRoundTrip:
    def test_brings_back_every_row_and_every_byte(
        self, backup: Path, mission: Mission, settings: Any
    ) -> None:
        before = everything()
        texts = {path: FileManager(mission).read(path) for path in FileManager(mission).scan()}
        logs = [path.read_bytes() for path in (settings.DATA_DIR / "runs").rglob("*.jsonl")]
        lose_everything(settings.DATA_DIR)

        report = Restore(file=backup, now=timezone.now()).execute()

        assert report.open == []
        assert everything() == before
        assert {p: FileManager(mission).read(p) for p in FileManager(mission).scan()} == texts
        assert texts["notes/a.md"] == "One. Deux — « trois ».\n".encode()
        assert [p.read_bytes() for p in (settings.DATA_DIR / "runs").rglob("*.jsonl")] == logs
        assert not integrity.sweep(now=timezone.now(), mends=False, everything=True).findings

    def test_work_goes_on_afterwards(self, backup: Path, mission: Mission, settings: Any) -> None:
        numbers = set(Revision.objects.values_list("pk", flat=True))
        last = Event.objects.filter(mission=mission).order_by("-seq")[0].seq
        lose_everything(settings.DATA_DIR)
        Restore(file=backup, now=timezone.now()).execute()

        change = Change(path="notes/b.md", text="New.\n", base=None)
        landing = land(
            Mission.objects.get(),
            [change],
            author=Author.person(User.objects.get()),
            now=timezone.now(),
        )

        assert landing.revisions[0].pk not in numbers
        assert Event.objects.filter(mission=mission, seq__gt=last).exists()
        assert make_user(username="bo").pk != mission.owner_id
        assert AgentRun.objects.filter(state="QUEUED").count() == Agent.objects.count()

    def test_by_the_commands(self, mission: Mission, place: Path, settings: Any) -> None:
        file, said = place / "by-command", StringIO()

        call_command("backup", str(file), stdout=said)
        call_command("backup", str(file), verify=True, stdout=said)
        lose_everything(settings.DATA_DIR)
        call_command("restore", str(file), verify=True, stdout=said)
        assert not Mission.objects.exists()
        call_command("restore", str(file), stdout=said)

        assert Mission.objects.get().title == "Été"
        assert "0 findings are open" in said.getvalue()
        assert file.stat().st_mode & 0o077 == 0, "it holds what people wrote"


class TestBackUp:
    def test_stands_still_while_others_write(
        self, mission: Mission, place: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What lands between two tables is in none of them."""
        lines_of, person = rows.lines_of, Author.person(mission.owner)
        is_late = iter([False, True])

        def interrupted(model: Any) -> Any:
            if model is Revision and next(is_late, None) is False:
                _elsewhere(lambda: land(
                    mission, [Change(path="late.md", text="Late.\n", base=None)],
                    author=person, now=timezone.now(),
                ))  # fmt: skip
            return lines_of(model)

        monkeypatch.setattr(rows, "lines_of", interrupted)
        BackUp(file=place / "kept", now=timezone.now()).execute()
        monkeypatch.undo()
        assert Revision.objects.filter(path="late.md").exists()
        lose_everything(settings.DATA_DIR)

        report = Restore(file=place / "kept", now=timezone.now()).execute()

        assert report.open == []
        assert not Revision.objects.filter(path="late.md").exists()

    def test_never_replaces_a_file(self, backup: Path) -> None:
        before = backup.read_bytes()

        with pytest.raises(Conflict, match="name another file"):
            BackUp(file=backup, now=timezone.now()).execute()

        assert backup.read_bytes() == before

    def test_leaves_nothing_behind_when_a_content_is_missing(
        self, mission: Mission, place: Path, settings: Any
    ) -> None:
        shutil.rmtree(settings.DATA_DIR / "blobs")

        with pytest.raises(FileOperationError, match="missing"):
            BackUp(file=place / "kept", now=timezone.now()).execute()

        assert [path.name for path in place.iterdir()] == ["data"]

    def test_says_when_there_is_no_such_folder(self, place: Path) -> None:
        with pytest.raises(FileOperationError, match="cannot be written"):
            BackUp(file=place / "nowhere" / "kept", now=timezone.now()).execute()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def changed(content: bytes) -> bytes:
    plain = bytearray(gzip.decompress(content))
    at = plain.index(b'"title": ')
    plain[at + 12] ^= 1
    return gzip.compress(bytes(plain))


def strange(_content: bytes) -> bytes:
    return b"no backup"


class TestRestore:
    @pytest.mark.parametrize("harm", [cut, changed, strange])
    def test_refuses_what_is_not_whole_and_writes_nothing(
        self, backup: Path, settings: Any, harm: Callable[[bytes], bytes]
    ) -> None:
        backup.write_bytes(harm(backup.read_bytes()))
        lose_everything(settings.DATA_DIR)

        with pytest.raises(BackupDamaged):
            Restore(file=backup, now=timezone.now()).execute()

        assert not User.objects.exists()
        assert list(settings.DATA_DIR.iterdir()) == []

    def test_overwrites_nobody(self, backup: Path) -> None:
        with pytest.raises(NotEmpty):
            Restore(file=backup, now=timezone.now()).execute()

    def test_refuses_another_version(
        self, backup: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_everything(settings.DATA_DIR)
        here = rows.migrations()
        monkeypatch.setattr(rows, "migrations", lambda: [*here, "missions.9999_later"])

        with pytest.raises(OtherVersion, match=r"only this installation has missions\.9999"):
            Restore(file=backup, now=timezone.now()).execute()

    def test_says_when_there_is_no_such_file(self, place: Path) -> None:
        with pytest.raises(FileOperationError, match="cannot be read"):
            Archive(place / "nothing").verify()


def _elsewhere(work: Callable[[], object]) -> None:
    """Do something in another thread, with a connection of its own."""

    def do() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=do)
    thread.start()
    thread.join()
