"""What other programs do in mission folders becomes history by itself."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from missions.locks import write_lock
from missions.models import Event, Mission, Revision
from missions.services import ArchiveMission, RestoreMission
from missions.storage import FileManager
from missions.watcher import Watcher, eyes, measures, mission
from parallagon.accounts.models import User
from tests.factories import make_mission
from tests.missions.conftest import NOW, TEXT, Desk

SECONDS = 20


class Watch:
    """Runs the watcher's loop in the test's own thread, step by step."""

    def __init__(self) -> None:
        self.watcher = Watcher()

    def until(self, condition: Callable[[], Any]) -> None:
        ends = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < ends, "it was not seen"
            self.watcher.step()

    def quiet(self) -> None:
        """Go on until nothing is left to do, and the system has told everything."""
        marker = f"quiet-{time.monotonic_ns()}.txt"
        watched = next(iter(self.watcher.missions.values()))
        (watched.root / marker).write_text("quiet\n")
        self.until(lambda: Revision.objects.filter(path=marker).exists())
        self.until(self.is_idle)

    def is_idle(self) -> bool:
        now = time.monotonic()
        dues = [one.due_in(now) for one in self.watcher.missions.values()]
        return all(due is None for due in dues)


@pytest.fixture
def watch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    # The connection is in the middle of the test's own transaction.
    monkeypatch.setattr("missions.watcher.watcher.close_old_connections", lambda: None)
    one = Watch()
    one.until(lambda: one.watcher.missions and one.is_idle())
    yield one
    one.watcher.eyes.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file count as removed after a moment."""
    monkeypatch.setattr(mission, "REMOVAL_SECONDS", 0.2)


def external(path: str) -> list[str]:
    revisions = Revision.objects.filter(path=path, author_kind="external").order_by("number")
    return list(revisions.values_list("operation", flat=True))


def run(script: str, folder: Path) -> None:
    """Let another process do something in a folder."""
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True, timeout=60)


class TestAnEditor:
    def test_that_writes_in_place(self, desk: Desk, watch: Watch) -> None:
        run("open('production.md', 'w').write('theirs\\n')", desk.folder.root)

        watch.until(lambda: external("production.md"))

        assert desk.texts("production.md") == [TEXT, "theirs\n"]
        assert Event.objects.latest("seq").data["author"]["kind"] == "external"

    def test_that_replaces_like_vim(self, desk: Desk, watch: Watch) -> None:
        script = (
            "import os; os.rename('production.md', 'production.md~');"
            "open('production.md', 'w').write('theirs\\n'); os.unlink('production.md~')"
        )
        run(script, desk.folder.root)

        watch.until(lambda: external("production.md"))
        watch.quiet()

        assert external("production.md") == ["WRITE"]

    def test_that_makes_a_file_in_a_new_folder(self, desk: Desk, watch: Watch) -> None:
        run(
            "import os; os.makedirs('a/b'); open('a/b/one.md', 'w').write('one\\n')",
            desk.folder.root,
        )
        watch.until(lambda: external("a/b/one.md"))

        run("open('a/b/one.md', 'w').write('two\\n')", desk.folder.root)
        watch.until(lambda: len(external("a/b/one.md")) == 2)

        assert external("a/b/one.md") == ["CREATE", "WRITE"]

    def test_that_appends_fifty_times(self, desk: Desk, watch: Watch) -> None:
        script = "for n in range(50): open('suivi.md', 'a').write(f'line {n}\\n')"
        last = "Nothing yet.\n" + "".join(f"line {number}\n" for number in range(50))

        run(script, desk.folder.root)
        watch.until(lambda: desk.text("suivi.md") == last)
        watch.quiet()

        texts = desk.texts("suivi.md")
        assert texts[-1] == last
        assert all(after.startswith(before) for before, after in pairwise(texts))

    def test_that_changes_many_files_at_once(self, desk: Desk, watch: Watch) -> None:
        script = (
            "import os\nfor n in range(120):\n"
            " os.makedirs(f'production/{n % 7}', exist_ok=True)\n"
            " open(f'production/{n % 7}/{n}.md', 'w').write(f'{n}\\n')"
        )
        run(script, desk.folder.root)

        created = Revision.objects.filter(path__startswith="production/", operation="CREATE")
        watch.until(lambda: created.count() == 120)
        watch.quiet()

        assert Revision.objects.filter(path__startswith="production/").count() == 120


class TestOurOwnLandings:
    def test_are_not_counted(self, desk: Desk, watch: Watch) -> None:
        for number in range(1, 6):
            desk.save("production.md", TEXT.replace("First", f"Number {number}"), number)
        desk.save("new/one.md", "One.\n", None)
        desk.save("suivi.md", None, 1)

        watch.quiet()

        kinds = set(Revision.objects.exclude(path__startswith="quiet").values_list("author_kind"))
        assert kinds == {("person",), ("system",)}


class TestARemoval:
    def test_is_a_revision_after_a_while(self, desk: Desk, watch: Watch, soon: None) -> None:
        (desk.folder.root / "production.md").unlink()

        watch.until(lambda: external("production.md"))

        assert external("production.md") == ["DELETE"]
        assert desk.current("production.md").blob_id is None

    def test_is_none_where_the_file_comes_back(
        self, desk: Desk, watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = desk.folder.root / "production.md"
        path.rename(path.with_suffix(".bak"))
        watched = watch.watcher.missions[desk.mission.pk]
        watch.until(lambda: watched.missing)
        monkeypatch.setattr(mission, "REMOVAL_SECONDS", 0.2)

        path.with_suffix(".bak").rename(path)
        watch.quiet()

        assert external("production.md") == []

    def test_is_undone_by_a_landing(self, desk: Desk, watch: Watch) -> None:
        (desk.folder.root / "production.md").unlink()
        watched = watch.watcher.missions[desk.mission.pk]
        watch.until(lambda: watched.missing)

        desk.save("production.md", "mine\n", 1)
        watch.quiet()

        assert external("production.md") == []
        assert desk.on_disk("production.md") == b"mine\n"

    def test_and_a_creation_are_what_a_rename_is(
        self, desk: Desk, watch: Watch, soon: None
    ) -> None:
        (desk.folder.root / "production.md").rename(desk.folder.root / "Production.md")

        watch.until(lambda: external("Production.md"))

        assert external("production.md") == ["DELETE"]
        assert desk.on_disk("Production.md") == TEXT.encode()


class TestAFolderThatVanishes:
    @pytest.fixture(params=["inside", "outside"])
    def root(self, request: Any, desk: Desk, tmp_path: Path, settings: Any) -> Path:
        """The folder of the only mission, inside the data directory or elsewhere."""
        if request.param == "outside":
            settings.PARALLAGON_EXTERNAL_ROOTS = [tmp_path]
            desk.folder.root.rename(tmp_path / "elsewhere")
            desk.mission.folder = str(tmp_path / "elsewhere")
            desk.mission.save(update_fields=["folder"])
        return desk.folder.root

    @pytest.mark.parametrize("how", ["moved", "emptied"])
    def test_removes_nothing_and_comes_back_by_itself(
        self,
        root: Path,
        desk: Desk,
        watch: Watch,
        soon: None,
        caplog: pytest.LogCaptureFixture,
        how: str,
    ) -> None:
        caplog.set_level(logging.INFO)
        away = root.with_name("away")
        watched = watch.watcher.missions[desk.mission.pk]
        root.rename(away)
        if how == "emptied":
            root.mkdir()

        watch.until(lambda: watched.is_gone)
        ends = time.monotonic() + 3 * mission.REMOVAL_SECONDS
        watch.until(lambda: time.monotonic() > ends)
        assert not Revision.objects.filter(operation="DELETE").exists()
        (away / "production.md").write_text("theirs\n")
        if how == "emptied":
            root.rmdir()
        away.rename(root)
        watch.until(lambda: external("production.md"))

        assert external("production.md") == ["WRITE"]
        assert not watched.is_gone
        assert caplog.text.count("nothing counts as removed") == 1
        assert "is back" in caplog.text
        (root / "suivi.md").write_text("and on\n")
        watch.until(lambda: external("suivi.md"))


class TestWhatIsNoFileOfAMission:
    def test_is_left_alone(
        self, desk: Desk, watch: Watch, caplog: pytest.LogCaptureFixture
    ) -> None:
        root = desk.folder.root
        (root / ".git").mkdir()
        (root / ".git/config.txt").write_text("x")
        (root / "image.png").write_bytes(b"\x89PNG")
        (root / "link.md").symlink_to("/etc/hostname")
        (root / "out").symlink_to("/etc")
        os.mkfifo(root / "pipe.md")
        (root / "bad.md").write_bytes(b"\xff")

        watch.quiet()
        watch.watcher.missions[desk.mission.pk].must_rescan = True
        watch.quiet()

        paths = set(Revision.objects.filter(author_kind="external").values_list("path", flat=True))
        assert all(path.startswith("quiet") for path in paths)
        assert (root / "bad.md").read_bytes() == b"\xff"
        assert caplog.text.count("bad.md") == 1
        assert not any("git" in str(folder) for folder in watch.watcher._folders)
        assert not any("out" in folder.parts for folder in watch.watcher._folders)

    def test_with_a_name_that_is_no_text_does_not_end_it(self, desk: Desk, watch: Watch) -> None:
        os.close(os.open(os.fsencode(desk.folder.root) + b"/\xff.md", os.O_CREAT | os.O_WRONLY))
        (desk.folder.root / "production.md").write_text("theirs\n")

        watch.until(lambda: external("production.md"))

        (desk.folder.root / "production.md").write_text("theirs again\n")
        watch.until(lambda: len(external("production.md")) == 2)


class TestMissions:
    def test_that_come_are_watched(self, desk: Desk, owner: User, watch: Watch) -> None:
        other = make_mission(owner=owner, files={"demande.md": "A request.\n"})
        (FileManager(other).root / "demande.md").write_text("theirs\n")

        watch.until(lambda: external("demande.md"))

        assert external("demande.md") == ["WRITE"]

    def test_that_are_archived_are_not_until_they_are_restored(
        self, desk: Desk, watch: Watch
    ) -> None:
        ArchiveMission(mission=desk.mission, user=desk.owner, now=NOW).execute()
        watch.until(lambda: not watch.watcher.missions)
        (desk.folder.root / "production.md").write_text("theirs\n")
        watch.watcher.step()
        assert external("production.md") == []

        RestoreMission(mission=desk.mission, user=desk.owner, now=NOW).execute()
        watch.until(lambda: external("production.md"))

    def test_that_get_another_folder_are_watched_there(
        self, desk: Desk, watch: Watch, tmp_path: Path, settings: Any
    ) -> None:
        settings.PARALLAGON_EXTERNAL_ROOTS = [tmp_path]
        desk.folder.root.rename(tmp_path / "elsewhere")
        Mission.objects.filter(pk=desk.mission.pk).update(folder=str(tmp_path / "elsewhere"))
        (tmp_path / "elsewhere/production.md").write_text("theirs\n")

        watch.until(lambda: external("production.md"))


class TestWhatFails:
    def test_a_busy_mission_is_tried_again(self, desk: Desk, watch: Watch, settings: Any) -> None:
        settings.PARALLAGON_LOCK_TIMEOUT = 0
        watched = watch.watcher.missions[desk.mission.pk]
        with write_lock(desk.mission.pk):
            (desk.folder.root / "production.md").write_text("theirs\n")
            watch.until(lambda: watch.watcher._failures)
            assert watched.dirty == {"production.md"}

        watch.until(lambda: external("production.md"))

    def test_a_database_that_is_away_is_waited_for(
        self, desk: Desk, watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_arguments: object) -> None:
            raise OperationalError("away")

        with monkeypatch.context() as patch:
            patch.setattr(mission, "load", refuse)
            (desk.folder.root / "production.md").write_text("theirs\n")
            watch.until(lambda: watch.watcher._failures)

        watch.until(lambda: external("production.md"))

    def test_a_defect_in_one_mission_leaves_the_others_alone(
        self, desk: Desk, owner: User, watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = make_mission(owner=owner, files={"demande.md": "A request.\n"})
        watch.until(lambda: len(watch.watcher.missions) == 2 and watch.is_idle())

        def fail() -> None:
            raise RuntimeError("a defect")

        monkeypatch.setattr(watch.watcher.missions[desk.mission.pk], "work", fail)
        (desk.folder.root / "production.md").write_text("theirs\n")
        (FileManager(other).root / "demande.md").write_text("theirs\n")

        watch.until(lambda: external("demande.md"))

    def test_a_system_that_watches_no_more_is_done_without(
        self,
        desk: Desk,
        watch: Watch,
        monkeypatch: pytest.MonkeyPatch,
        settings: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        settings.PARALLAGON_WATCH_POLL_SECONDS = 0.1
        monkeypatch.setattr(eyes, "BLIND_SECONDS", 0.0)

        def refuse(*_arguments: object) -> None:
            raise OSError("OS file watch limit reached.")

        with monkeypatch.context() as patch:
            patch.setattr("missions.watcher.eyes.notify.RustNotify", refuse)
            (desk.folder.root / "new").mkdir()
            watch.until(lambda: watch.watcher.eyes.is_blind)
            (desk.folder.root / "new/one.md").write_text("one\n")
            watch.until(lambda: external("new/one.md"))
        assert "fs.inotify.max_user_watches" in caplog.text
        watch.until(lambda: not watch.watcher.eyes.is_blind)


class TestALateWriter:
    def test_is_waited_for(self, desk: Desk, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mission, "_LATE_SECONDS", 0.1)
        path = desk.folder.root / "production.md"
        kept = []
        with path.open("r+") as file:
            desk.save("production.md", TEXT.replace("First", "Primo"), 1)
            kept = list(desk.folder.root.glob(".*.kept"))
            watch.until(lambda: watch.watcher.missions[desk.mission.pk].late)
            file.write(TEXT.replace("Third", "Terzo"))

        watch.until(lambda: external("production.md"))

        assert len(kept) == 1
        assert desk.text("production.md") == TEXT.replace("First", "Primo").replace(
            "Third", "Terzo"
        )
        assert list(desk.folder.root.glob(".*.kept")) == []


class TestManyFiles:
    def test_are_read_once(self, desk: Desk, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mission, "_YOUNG_NS", 0)
        run("for n in range(300): open(f'{n}.md', 'w').write(f'{n}\\n')", desk.folder.root)
        watch.until(lambda: Revision.objects.filter(operation="CREATE").count() == 302)
        watch.quiet()
        self.rescan(desk, watch)
        before = measures.FILES_READ._value.get()

        self.rescan(desk, watch)

        assert measures.FILES_READ._value.get() == before

    @staticmethod
    def rescan(desk: Desk, watch: Watch) -> None:
        watch.watcher.missions[desk.mission.pk].must_rescan = True
        watch.until(watch.is_idle)
