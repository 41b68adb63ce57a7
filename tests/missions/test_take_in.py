"""What other programs did in a folder is taken in without a landing."""

from typing import Any

import pytest

from missions.landing import FolderEmptied, take_in
from missions.locks import write_lock
from missions.models import Event, Revision
from missions.storage import FileManager
from parallagon.core.errors import FileOperationError, LockError
from tests.missions.conftest import NOW, TEXT, Desk
from tests.missions.test_recovery import dies_at


def take(desk: Desk, *paths: str, **options: Any) -> list[tuple[str, str]]:
    revisions = take_in(desk.mission, paths, now=NOW, **options)
    assert {revision.author_kind for revision in revisions} <= {"external"}
    return [(revision.path, revision.operation) for revision in revisions]


class TestTakeIn:
    def test_makes_revisions_of_what_was_written_and_created(self, desk: Desk) -> None:
        (desk.folder.root / "production.md").write_text("theirs\n")
        (desk.folder.root / "new.md").write_text("new\n")

        taken = take(desk, "new.md", "production.md", "suivi.md", "nowhere.md")

        assert taken == [("new.md", "CREATE"), ("production.md", "WRITE")]
        assert desk.text("production.md") == "theirs\n"
        assert take(desk, "new.md", "production.md") == []

    def test_tells_who_looks_on(self, desk: Desk) -> None:
        (desk.folder.root / "production.md").write_text("theirs\n")

        take(desk, "production.md")

        event = Event.objects.latest("seq")
        assert event.type == "file.changed"
        assert event.data["author"]["kind"] == "external"

    def test_finishes_first_what_a_dead_process_left(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", "mine\n", 1)

        assert take(desk, "production.md", removed=["production.md"]) == []

        assert desk.on_disk("production.md") == b"mine\n"

    def test_leaves_what_is_no_text(self, desk: Desk) -> None:
        (desk.folder.root / "production.md").write_bytes(b"\xff")

        assert take(desk, "production.md") == []

        assert desk.on_disk("production.md") == b"\xff"
        assert desk.text("production.md") == TEXT

    def test_leaves_what_is_no_plain_file(self, desk: Desk) -> None:
        path = desk.folder.root / "production.md"
        path.unlink()
        path.symlink_to("/etc/hostname")

        assert take(desk, "production.md", removed=["production.md"]) == []

    def test_waits_for_its_turn(self, desk: Desk) -> None:
        with write_lock(desk.mission.pk), pytest.raises(LockError):
            take(desk, "production.md", timeout=0)


class TestRemoval:
    def test_is_a_revision_that_can_be_restored(self, desk: Desk) -> None:
        (desk.folder.root / "production.md").unlink()

        taken = take(desk, removed=["production.md"])

        assert taken == [("production.md", "DELETE")]
        assert desk.current("production.md").blob_id is None
        assert Event.objects.latest("seq").type == "file.removed"
        desk.save("production.md", TEXT, None)
        assert desk.on_disk("production.md") == TEXT.encode()

    def test_of_what_is_there_or_gone_already_is_none(self, desk: Desk) -> None:
        desk.save("production.md", None, 1)

        assert take(desk, removed=["production.md", "suivi.md", "nowhere.md"]) == []

    def test_of_every_file_is_a_mishap(self, desk: Desk) -> None:
        for path in ("production.md", "suivi.md"):
            (desk.folder.root / path).unlink()

        with pytest.raises(FolderEmptied):
            take(desk, removed=["production.md", "suivi.md"])

        assert not Revision.objects.filter(operation="DELETE").exists()

    def test_of_the_whole_folder_is_a_mishap(self, desk: Desk) -> None:
        desk.folder.root.rename(desk.folder.root.with_name("elsewhere"))

        with pytest.raises(FileOperationError):
            take(desk, removed=["production.md"])

        assert not Revision.objects.filter(operation="DELETE").exists()

    def test_with_its_folder(self, desk: Desk) -> None:
        desk.save("part/one.md", "One.\n", None)
        (desk.folder.root / "part/one.md").unlink()
        (desk.folder.root / "part").rmdir()

        assert take(desk, removed=["part/one.md"]) == [("part/one.md", "DELETE")]
