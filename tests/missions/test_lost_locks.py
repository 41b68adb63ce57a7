"""A landing whose write lock went to someone else: the database decides, nothing is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from missions import landing as landings
from missions.landing import Author, recover_all, recovery
from missions.landing.commit import Operation, Transaction, Write
from missions.landing.current import load
from missions.landing.terms import Landing
from missions.locks import LockLost
from missions.models import LandingRecord, Revision
from missions.storage import BlobStore, sha256
from tests.missions.conftest import TEXT, Desk

THEIRS = TEXT.replace("Third.", "Third, by another.")
MINE = TEXT.replace("First.", "First, by me.")
PATH = "production.md"


def overtake(desk: Desk, text: str) -> None:
    """Land as another process would that has the lock too."""
    content = text.encode()
    BlobStore().put(content)
    current = load(desk.mission.pk, [PATH])[PATH]
    write = Write(
        current=current, content=content, on_disk=sha256(content), operation=Operation.WRITE
    )
    Transaction(
        mission=desk.mission, author=Author.SYSTEM, now=timezone.now(), writes=[write]
    ).commit(Landing())
    desk.folder.write(PATH, content)


class TestBeforeTheCommit:
    def test_it_begins_again_from_what_is_current(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting = [THEIRS]

        def faster(_mission_id: int) -> None:
            if waiting:
                overtake(desk, waiting.pop())

        monkeypatch.setattr(landings, "ensure_held", faster)

        landing = desk.save(PATH, MINE, 1)

        assert landing.merged == {PATH}
        assert desk.current(PATH).number == 3
        assert desk.text(PATH) == MINE.replace("Third.", "Third, by another.")
        assert desk.on_disk(PATH) == desk.text(PATH).encode()

    def test_whoever_is_overtaken_each_time_is_told(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        times: list[int] = []

        def faster(_mission_id: int) -> None:
            times.append(1)
            overtake(desk, f"{THEIRS}{len(times)}\n")

        monkeypatch.setattr(landings, "ensure_held", faster)

        with pytest.raises(LockLost, match="faster"):
            desk.save(PATH, MINE, 1)

        assert len(times) == 3
        assert MINE not in desk.texts(PATH)
        assert desk.text(PATH) == f"{THEIRS}3\n"

    def test_a_lock_that_is_known_to_be_lost_lands_nothing(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(_mission_id: int) -> None:
            raise LockLost("The lock was lost.")

        monkeypatch.setattr(landings, "ensure_held", lost)

        with pytest.raises(LockLost):
            desk.save(PATH, MINE, 1)

        assert desk.texts(PATH) == [TEXT]


@pytest.fixture
def uncertain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks that can be lost unnoticed."""
    monkeypatch.setattr(recovery, "are_certain", lambda: False)


@pytest.mark.usefixtures("uncertain")
class TestAfterTheCommit:
    """A process that was stopped puts a text in the folder that is no longer current."""

    def test_an_old_text_that_comes_late_gives_way(self, desk: Desk) -> None:
        self.land_and_stray(desk)

        desk.save("suivi.md", "Something.\n", 1, now=timezone.now())

        self.assert_mine(desk)

    def test_an_old_text_that_comes_late_does_not_overlap(self, desk: Desk) -> None:
        self.land_and_stray(desk)

        desk.save(PATH, MINE.replace("Second.", "Second, by me."), 2, now=timezone.now())

        assert desk.current(PATH).number == 3
        assert desk.on_disk(PATH) == desk.text(PATH).encode()
        assert "First, by me." in desk.text(PATH)

    def test_the_recovery_puts_the_current_one_back(self, desk: Desk) -> None:
        self.land_and_stray(desk)

        recover_all()

        self.assert_mine(desk)

    def test_a_removal_that_comes_late_is_undone(self, desk: Desk) -> None:
        desk.save(PATH, MINE, 1, now=timezone.now())
        desk.folder.remove(PATH)

        recover_all()

        self.assert_mine(desk)

    def test_a_removed_file_does_not_come_back(self, desk: Desk) -> None:
        desk.save(PATH, None, 1, now=timezone.now())
        desk.folder.write(PATH, TEXT.encode())

        desk.save("suivi.md", "Something.\n", 1, now=timezone.now())

        assert desk.on_disk(PATH) is None
        assert desk.current(PATH).operation == Operation.DELETE

    def test_a_text_of_another_program_is_taken_in_all_the_same(self, desk: Desk) -> None:
        desk.save(PATH, MINE, 1, now=timezone.now())
        foreign = MINE.replace("Third.", "Third, in an editor.")
        desk.folder.write(PATH, foreign.encode())

        desk.save("suivi.md", "Something.\n", 1, now=timezone.now())

        assert desk.text(PATH) == foreign
        assert desk.current(PATH).author_kind == Revision.AuthorKind.EXTERNAL

    def test_later_an_old_text_is_another_programs(self, desk: Desk) -> None:
        self.land_and_stray(desk)

        desk.save(PATH, MINE, 2, now=timezone.now() + timedelta(minutes=6))

        assert desk.text(PATH) == TEXT

    def test_with_certain_locks_it_is_so_at_once(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recovery, "are_certain", lambda: True)
        self.land_and_stray(desk)

        desk.save(PATH, MINE, 2, now=timezone.now())

        assert desk.text(PATH) == TEXT

    def test_nothing_is_replaced_under_a_lock_that_is_lost(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(_mission_id: int) -> None:
            raise LockLost("The lock was lost.")

        with monkeypatch.context() as patch:
            patch.setattr(recovery, "ensure_held", lost)
            desk.save(PATH, MINE, 1, now=timezone.now())
        assert desk.on_disk(PATH) == TEXT.encode()
        assert LandingRecord.objects.filter(state="OPEN").count() == 1

        recover_all()

        self.assert_mine(desk)
        assert not LandingRecord.objects.filter(state="OPEN").exists()

    @staticmethod
    def land_and_stray(desk: Desk) -> None:
        desk.save(PATH, MINE, 1, now=timezone.now())
        desk.folder.write(PATH, TEXT.encode())

    @staticmethod
    def assert_mine(desk: Desk) -> None:
        assert desk.text(PATH) == MINE
        assert desk.on_disk(PATH) == MINE.encode()
        assert not Revision.objects.filter(author_kind=Revision.AuthorKind.EXTERNAL).exists()
