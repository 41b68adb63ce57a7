import os
import stat
from pathlib import Path

import pytest

from missions.locks import write_lock
from missions.models import Revision
from missions.staging import Staged, stage
from parallagon.core.errors import FileOperationError, LockError
from tests.missions.conftest import NOW, TEXT, Desk


@pytest.fixture
def into(private_data: Path) -> Path:
    return private_data / "staging" / "run"


def staged(desk: Desk, into: Path) -> Staged:
    return stage(
        desk.mission,
        into=into,
        writes=["production.md", "production/**"],
        reads=["suivi.md"],
        now=NOW,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestStage:
    def test_copies_what_the_run_may_see(self, desk: Desk, into: Path) -> None:
        desk.save("production/part.md", "Part.\n", None)
        desk.save("secret.md", "Not for it.\n", None)

        files = staged(desk, into).files

        assert sorted(files) == ["production.md", "production/part.md", "suivi.md"]
        assert files["production.md"].text == TEXT
        assert files["production.md"].number == 1
        assert files["production.md"].hash == desk.current("production.md").blob_id
        assert [file.is_writable for file in files.values()] == [True, True, False]
        assert (into / "production/part.md").read_bytes() == b"Part.\n"
        assert not (into / "secret.md").exists()

    def test_owned_files_are_writable_and_the_others_are_not(self, desk: Desk, into: Path) -> None:
        staged(desk, into)

        assert mode(into / "production.md") == 0o644
        assert mode(into / "suivi.md") == 0o444
        assert mode(into) == 0o700

    def test_copies_have_lf_and_no_bom(self, desk: Desk, into: Path) -> None:
        (desk.folder.root / "production.md").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")

        files = staged(desk, into).files

        assert files["production.md"].text == "a\nb\n"
        assert (into / "production.md").read_bytes() == b"a\nb\n"

    def test_takes_in_what_other_programs_wrote(self, desk: Desk, into: Path) -> None:
        (desk.folder.root / "production.md").write_text("By hand.\n")
        (desk.folder.root / "production").mkdir()
        (desk.folder.root / "production" / "new.md").write_text("New.\n")

        files = staged(desk, into).files

        assert files["production.md"].number == 2
        assert files["production/new.md"].text == "New.\n"
        assert Revision.objects.filter(author_kind="external").count() == 2

    def test_follows_no_link_and_opens_no_fifo(
        self, desk: Desk, into: Path, private_data: Path
    ) -> None:
        secret = private_data / "secret.md"
        secret.write_text("secret")
        folder = desk.folder.root / "production"
        folder.mkdir()
        (folder / "link.md").symlink_to(secret)
        (folder / "hard.md").hardlink_to(secret)
        (folder / "away").symlink_to(private_data)
        os.mkfifo(folder / "fifo.md")
        (folder / ".hidden.md").write_text("hidden")

        files = staged(desk, into).files

        assert sorted(files) == ["production.md", "suivi.md"]

    @pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
    def test_the_last_revision_stands_in_for_what_is_no_file(
        self, desk: Desk, into: Path, private_data: Path, kind: str
    ) -> None:
        path = desk.folder.root / "production.md"
        path.unlink()
        if kind == "link":
            (private_data / "secret.md").write_text("secret")
            path.symlink_to(private_data / "secret.md")
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir()

        files = staged(desk, into).files

        assert files["production.md"].text == TEXT

    def test_text_that_cannot_be_read_is_set_aside(self, desk: Desk, into: Path) -> None:
        (desk.folder.root / "production.md").write_bytes(b"\xff\xff")

        files = staged(desk, into).files

        assert files["production.md"].text == TEXT
        assert desk.on_disk("production.md") == TEXT.encode()
        (aside,) = desk.folder.root.glob("production.md.*.aside")
        assert aside.read_bytes() == b"\xff\xff"

    def test_a_second_name_by_case_is_left_out(self, desk: Desk, into: Path) -> None:
        (desk.folder.root / "PRODUCTION.md").write_text("Shouted.\n")

        files = stage(desk.mission, into=into, writes=["**"], reads=[], now=NOW).files

        assert sorted(files) == ["production.md", "suivi.md"]
        assert files["production.md"].text == TEXT

    def test_removed_files_are_left_out(self, desk: Desk, into: Path) -> None:
        desk.save("suivi.md", None, 1)

        assert sorted(staged(desk, into).files) == ["production.md"]

    def test_never_writes_over_what_is_there(self, desk: Desk, into: Path) -> None:
        into.mkdir(parents=True)
        (into / "production.md").symlink_to("/tmp/elsewhere.md")

        with pytest.raises(FileOperationError):
            staged(desk, into)

    def test_a_busy_lock_is_told(self, desk: Desk, into: Path, settings: object) -> None:
        settings.PARALLAGON_LOCK_TIMEOUT = 0.02  # type: ignore[attr-defined]

        with write_lock(desk.mission.pk), pytest.raises(LockError):
            staged(desk, into)
