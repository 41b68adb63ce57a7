"""A program that saves in the instant in which a landing replaces the file loses nothing."""

import os
from collections.abc import Callable
from typing import Any, TextIO

import pytest

from missions.landing import recover_all, take_in
from missions.landing.late import Late
from missions.models import LandingRecord
from parallagon.core import kernel
from tests.missions.conftest import NOW, TEXT, Desk
from tests.missions.test_recovery import dies_at

NEW = TEXT.replace("First", "Primo")
THEIRS = TEXT.replace("Third", "Terzo")
BOTH = NEW.replace("Third", "Terzo")


@pytest.fixture
def in_the_last_instant(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Let another program act once, after the landing has looked and before it replaces."""

    def schedule(act: Callable[[], Any]) -> None:
        waiting = [act]

        def before(call: Callable[..., Any]) -> Callable[..., Any]:
            def act_first(*arguments: Any, **options: Any) -> Any:
                if waiting:
                    waiting.pop()()
                return call(*arguments, **options)

            return act_first

        monkeypatch.setattr(kernel, "exchange", before(kernel.exchange))
        monkeypatch.setattr(os, "rename", before(os.rename))

    return schedule


def save_by_rename(desk: Desk, content: bytes) -> None:
    (desk.folder.root / "theirs.new").write_bytes(content)
    (desk.folder.root / "theirs.new").replace(desk.folder.root / "production.md")


def leftovers(desk: Desk) -> list[str]:
    return [path.name for path in desk.folder.root.glob(".*")]


class TestASaveInTheLastInstant:
    @pytest.fixture(autouse=True)
    def no_leftovers(self, desk: Desk):
        yield
        assert leftovers(desk) == []
        assert not LandingRecord.objects.filter(state="OPEN").exists()

    def test_is_merged_with_what_landed(self, desk: Desk, in_the_last_instant: Any) -> None:
        in_the_last_instant(lambda: save_by_rename(desk, THEIRS.encode()))

        desk.save("production.md", NEW, 1)

        assert desk.texts("production.md") == [TEXT, NEW, BOTH]
        assert desk.on_disk("production.md") == BOTH.encode()
        assert desk.current("production.md").author_kind == "external"

    def test_is_kept_where_both_wrote_the_same_line(
        self, desk: Desk, in_the_last_instant: Any
    ) -> None:
        theirs = TEXT.replace("First", "Erst")
        in_the_last_instant(lambda: save_by_rename(desk, theirs.encode()))

        desk.save("production.md", NEW, 1)

        assert desk.texts("production.md") == [TEXT, NEW, theirs]
        assert desk.on_disk("production.md") == theirs.encode()

    def test_outlives_a_removal(self, desk: Desk, in_the_last_instant: Any) -> None:
        in_the_last_instant(lambda: save_by_rename(desk, THEIRS.encode()))

        desk.save("production.md", None, 1)

        assert desk.texts("production.md") == [TEXT, "", THEIRS]
        assert desk.on_disk("production.md") == THEIRS.encode()

    def test_outlives_a_creation(self, desk: Desk, in_the_last_instant: Any) -> None:
        in_the_last_instant(lambda: (desk.folder.root / "new.md").write_text("theirs\n"))

        desk.save("new.md", "mine\n", None)

        assert desk.texts("new.md") == ["mine\n", "theirs\n"]

    def test_of_the_same_bytes_is_nothing_new(self, desk: Desk, in_the_last_instant: Any) -> None:
        in_the_last_instant(lambda: save_by_rename(desk, NEW.encode()))

        desk.save("production.md", NEW, 1)

        assert desk.texts("production.md") == [TEXT, NEW]

    def test_that_is_no_text_is_set_aside(self, desk: Desk, in_the_last_instant: Any) -> None:
        in_the_last_instant(lambda: save_by_rename(desk, b"\xff"))

        desk.save("production.md", NEW, 1)

        (aside,) = desk.folder.root.glob("production.md.*.aside")
        assert aside.read_bytes() == b"\xff"
        assert desk.on_disk("production.md") == NEW.encode()

    def test_of_a_folder_is_set_aside(self, desk: Desk, in_the_last_instant: Any) -> None:
        def make_folder() -> None:
            (desk.folder.root / "production.md").unlink()
            (desk.folder.root / "production.md").mkdir()
            (desk.folder.root / "production.md/word.txt").write_text("kept")

        in_the_last_instant(make_folder)

        desk.save("production.md", NEW, 1)

        (kept,) = desk.folder.root.glob("production.md.*.aside/word.txt")
        assert kept.read_text() == "kept"
        assert desk.on_disk("production.md") == NEW.encode()


class TestAWriterInPlace:
    def test_that_is_done_in_a_moment_is_merged(
        self, desk: Desk, in_the_last_instant: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = desk.folder.root / "production.md"
        opened: list[TextIO] = []

        def write_and_close(_seconds: float) -> None:
            opened.pop().close()

        def open_and_truncate() -> None:
            opened.append(path.open("w"))
            opened[0].write(THEIRS)  # still in the program's own buffer
            monkeypatch.setattr("parallagon.core.kernel.time.sleep", write_and_close)

        in_the_last_instant(open_and_truncate)

        desk.save("production.md", NEW, 1)

        assert desk.texts("production.md") == [TEXT, NEW, BOTH]
        assert desk.on_disk("production.md") == BOTH.encode()
        assert leftovers(desk) == []

    def test_that_takes_long_is_looked_at_when_it_is_done(
        self, desk: Desk, in_the_last_instant: Any
    ) -> None:
        path = desk.folder.root / "production.md"
        opened: list[TextIO] = []
        in_the_last_instant(lambda: opened.append(path.open("r+")))

        desk.save("production.md", NEW, 1)
        assert len(leftovers(desk)) == 1
        opened[0].write(THEIRS)
        opened[0].close()
        desk.save("production.md", NEW.replace("Title", "Titolo"), 2)

        take_in(desk.mission, ["production.md"], now=NOW)

        both = BOTH.replace("Title", "Titolo")
        assert desk.text("production.md") == both
        assert desk.on_disk("production.md") == both.encode()
        assert leftovers(desk) == []


class TestKilledBeforeItLooked:
    def test_the_next_recovery_takes_in_the_late_save(
        self, desk: Desk, in_the_last_instant: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_the_last_instant(lambda: save_by_rename(desk, THEIRS.encode()))
        with dies_at(monkeypatch, Late, "look"):
            desk.save("production.md", NEW, 1)
        assert len(leftovers(desk)) == 1

        recover_all()

        assert desk.texts("production.md") == [TEXT, NEW, BOTH]
        assert desk.on_disk("production.md") == BOTH.encode()
        assert leftovers(desk) == []

    @pytest.mark.parametrize("step", ["exchange", "look"])
    def test_bytes_that_are_known_are_only_swept(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        target = kernel if step == "exchange" else Late
        with dies_at(monkeypatch, target, step):  # type: ignore[arg-type] # a module has names too
            desk.save("production.md", NEW, 1)
        assert len(leftovers(desk)) == 1

        recover_all()

        assert desk.texts("production.md") == [TEXT, NEW]
        assert desk.on_disk("production.md") == NEW.encode()
        assert leftovers(desk) == []

    def test_a_late_save_that_was_taken_in_is_not_taken_in_twice(
        self, desk: Desk, in_the_last_instant: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_the_last_instant(lambda: save_by_rename(desk, THEIRS.encode()))
        with dies_at(monkeypatch, type(desk.folder), "drop"):
            desk.save("production.md", NEW, 1)

        recover_all()

        assert desk.texts("production.md") == [TEXT, NEW, BOTH]
        assert desk.on_disk("production.md") == BOTH.encode()
        assert leftovers(desk) == []
