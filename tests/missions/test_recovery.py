import contextlib
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from missions import tasks
from missions.landing import recover, recover_all
from missions.locks import write_lock
from missions.models import LandingRecord, Revision
from missions.storage import FileManager
from parallagon.core.errors import FileOperationError
from tests.missions.conftest import TEXT, Desk

NEW = TEXT.replace("First", "Primo")


class Killed(BaseException):
    """The process died here."""


@contextmanager
def dies_at(monkeypatch: pytest.MonkeyPatch, target: type[Any], name: str) -> Iterator[None]:
    """Let the block die when it comes to this call."""

    def die(*_args: Any, **_options: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(target, name, die)
        yield
        pytest.fail("it lived on")


def open_records() -> int:
    return LandingRecord.objects.filter(state="OPEN").count()


class TestRecover:
    def test_finishes_what_a_dead_process_left(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)
        assert desk.text("production.md") == NEW
        assert desk.on_disk("production.md") == TEXT.encode()

        assert recover(desk.mission.pk) == 1

        assert desk.on_disk("production.md") == NEW.encode()
        assert open_records() == 0
        assert recover(desk.mission.pk) == 0

    def test_finishes_a_removal(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        with dies_at(monkeypatch, FileManager, "take_away"):
            desk.save("production.md", None, 1)

        recover_all()

        assert desk.on_disk("production.md") is None

    def test_the_next_landing_does_it_first(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)

        desk.save("production.md", NEW.replace("Third", "Terzo"), 2)

        kinds = Revision.objects.filter(file__path="production.md").values_list("author_kind")
        assert ("external",) not in kinds
        assert desk.on_disk("production.md") == NEW.replace("Third", "Terzo").encode()

    def test_merges_what_another_program_wrote_meanwhile(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)
        (desk.folder.root / "production.md").write_text(TEXT.replace("Third", "Terzo"))

        recover_all()

        both = NEW.replace("Third", "Terzo")
        assert desk.text("production.md") == both
        assert desk.on_disk("production.md") == both.encode()
        assert desk.current("production.md").author_kind == "external"
        assert open_records() == 0

    def test_loses_neither_side_of_an_overlap(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)
        theirs = TEXT.replace("First", "Erst")
        (desk.folder.root / "production.md").write_text(theirs)

        recover_all()

        assert desk.texts("production.md") == [TEXT, NEW, theirs]
        assert desk.on_disk("production.md") == theirs.encode()

    def test_sets_aside_what_is_not_text(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)
        (desk.folder.root / "production.md").write_bytes(b"\xff")

        recover_all()

        assert desk.on_disk("production.md") == NEW.encode()
        (aside,) = desk.folder.root.glob("*.aside")
        assert aside.read_bytes() == b"\xff"

    def test_one_file_that_cannot_be_replaced_does_not_stop_the_others(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)
        path = desk.folder.root / "production.md"
        path.unlink()
        path.symlink_to("/nowhere")

        desk.save("suivi.md", "Going on.\n", 1)
        assert open_records() == 1

        path.unlink()
        assert recover_all() == 1
        assert desk.on_disk("production.md") == NEW.encode()

    def test_removes_leftovers_of_the_dead(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)
        leftover = desk.folder.root / ".production.md.123.0a1b2c3d.tmp"
        leftover.write_text("half")

        recover_all()

        assert not leftover.exists()

    def test_is_a_task(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)

        assert tasks.recover() == 1

    def test_leaves_a_busy_mission_to_its_holder(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        settings.PARALLAGON_LOCK_TIMEOUT = 0.02
        with dies_at(monkeypatch, FileManager, "swap"):
            desk.save("production.md", NEW, 1)

        with write_lock(desk.mission.pk):
            assert recover_all() == 0


class TestADiskThatRefusesAfterTheCommit:
    def test_has_landed_and_is_finished_later(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(FileManager, "swap", self.refuse)
            (revision,) = desk.save("production.md", NEW, 1).revisions

        assert revision.number == 2
        assert desk.text("production.md") == NEW
        assert desk.on_disk("production.md") == TEXT.encode()

        desk.save("production.md", NEW.replace("Third", "Terzo"), 2)

        assert desk.on_disk("production.md") == NEW.replace("Third", "Terzo").encode()
        assert open_records() == 0

    def test_two_refused_landings_are_finished_together(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(FileManager, "swap", self.refuse)
            desk.save("production.md", NEW, 1)
            desk.save("production.md", NEW.replace("Third", "Terzo"), 2)
        assert open_records() == 2

        assert recover_all() == 2

        assert desk.on_disk("production.md") == NEW.replace("Third", "Terzo").encode()
        assert LandingRecord.objects.latest("pk").closed_at is not None

    @staticmethod
    def refuse(_folder: FileManager, path: str, _content: bytes, **_options: Any) -> None:
        raise FileOperationError(f"{path}: the disk is full.", errno=errno.ENOSPC)
