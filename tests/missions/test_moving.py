import os
from typing import Any

import pytest

from missions import hooks
from missions.landing import Change, FileExists, LandingConflict, recover
from missions.leases import release_lease
from missions.models import Event, LandingRecord, MissionFile, Proposal, Revision
from parallagon.core.errors import FileOperationError, ResourceNotFoundError, ValidationError
from tests.missions.conftest import TEXT, Desk
from tests.missions.test_recovery import dies_at

PRIMO = TEXT.replace("First", "Primo")
TERZO = TEXT.replace("Third", "Terzo")


def move(old: str, new: str, text: str | None = None, base: int | None = None) -> Change:
    return Change(path=new, text=text, base=base, moved_from=old)


def write_behind(desk: Desk, path: str, text: str) -> None:
    """Write as another program does."""
    target = desk.folder.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def paths_on_disk(desk: Desk) -> list[str]:
    root = desk.folder.root
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


class TestMove:
    def test_keeps_the_file_its_history_and_its_bytes(self, desk: Desk) -> None:
        before = desk.current("production.md")

        (revision,) = desk.land([move("production.md", "rapport.md")]).revisions

        assert (revision.number, revision.operation) == (2, Revision.Operation.MOVE)
        assert (revision.file_id, revision.blob_id) == (before.file_id, before.blob_id)
        assert (revision.path, before.path) == ("rapport.md", "production.md")
        assert desk.on_disk("production.md") is None
        assert desk.on_disk("rapport.md") == TEXT.encode()
        assert LandingRecord.objects.filter(state="OPEN").count() == 0

    def test_may_change_the_text_in_the_same_step(self, desk: Desk) -> None:
        desk.land([move("production.md", "rapport.md", PRIMO, 1)])

        assert desk.text("rapport.md") == PRIMO
        assert desk.on_disk("rapport.md") == PRIMO.encode()

    def test_merges_the_text_with_what_others_wrote(self, desk: Desk) -> None:
        desk.save("production.md", TERZO, 1)

        landing = desk.land([move("production.md", "rapport.md", PRIMO, 1)])

        assert landing.merged == {"rapport.md"}
        assert desk.text("rapport.md") == PRIMO.replace("Third", "Terzo")

    def test_shows_an_overlap_and_moves_nothing(self, desk: Desk) -> None:
        desk.save("production.md", PRIMO, 1)

        with pytest.raises(LandingConflict):
            desk.land([move("production.md", "r.md", TEXT.replace("First", "Erst"), 1)])

        assert desk.on_disk("production.md") == PRIMO.encode()
        assert desk.on_disk("r.md") is None

    def test_refuses_the_path_of_another_file(self, desk: Desk) -> None:
        for taken in ("suivi.md", "Suivi.md"):
            with pytest.raises(FileExists) as refusal:
                desk.land([move("production.md", taken)])
            assert refusal.value.code == "exists"

        assert desk.text("suivi.md") == "Nothing yet.\n"

    def test_refuses_what_is_not_there(self, desk: Desk) -> None:
        for path in ("absent.md", "Production.md"):
            with pytest.raises(ResourceNotFoundError):
                desk.land([move(path, "rapport.md")])

    def test_checks_the_text_against_a_new_extension(self, desk: Desk) -> None:
        with pytest.raises(ValidationError):
            desk.land([move("production.md", "production.json")])

        desk.land([move("production.md", "production.json")], allow_invalid=True)

        assert desk.text("production.json") == TEXT

    def test_takes_no_path_twice(self, desk: Desk) -> None:
        with pytest.raises(ValidationError):
            desk.land([move("production.md", "a.md"), Change(path="production.md", text="x\n")])

    @pytest.mark.parametrize("name", ["Production.md", "PRODUCTION.MD"])
    def test_spells_a_name_with_other_case(self, desk: Desk, name: str) -> None:
        desk.land([move("production.md", name)])

        assert desk.text(name) == TEXT
        assert paths_on_disk(desk) == sorted([name, "suivi.md"])
        desk.save(name, PRIMO, 2)
        assert desk.on_disk(name) == PRIMO.encode()

    def test_a_save_at_the_old_spelling_follows(self, desk: Desk) -> None:
        desk.land([move("production.md", "Production.md")])

        landing = desk.save("production.md", PRIMO, 1)

        assert [revision.path for revision in landing.revisions] == ["Production.md"]
        assert desk.text("Production.md") == PRIMO
        assert paths_on_disk(desk) == ["Production.md", "suivi.md"]

    def test_spells_a_folder_with_other_case(self, desk: Desk) -> None:
        desk.land([move("production.md", "Parts/a.md"), move("suivi.md", "Parts/b.md")])

        desk.land([move("Parts/a.md", "parts/a.md"), move("Parts/b.md", "parts/b.md")])

        assert paths_on_disk(desk) == ["parts", "parts/a.md", "parts/b.md"]

    def test_does_not_mix_spellings_of_a_folder(self, desk: Desk) -> None:
        desk.land([move("production.md", "Parts/a.md")])

        with pytest.raises(ValidationError):
            desk.land([move("suivi.md", "parts/b.md")])

    def test_goes_where_a_removed_file_was(self, desk: Desk) -> None:
        desk.save("suivi.md", None, 1)

        desk.land([move("production.md", "suivi.md")])

        assert desk.text("suivi.md") == TEXT
        assert desk.on_disk("suivi.md") == TEXT.encode()
        assert MissionFile.objects.filter(path="suivi.md").count() == 2

    def test_and_back(self, desk: Desk) -> None:
        desk.land([move("production.md", "rapport.md")])
        desk.land([move("rapport.md", "production.md")])

        assert desk.current("production.md").number == 3
        assert paths_on_disk(desk) == ["production.md", "suivi.md"]


class TestFolders:
    def test_that_are_left_empty_go_away(self, desk: Desk) -> None:
        desk.save("deep/down/a.md", "A.\n", None)
        desk.save("deep/b.md", "B.\n", None)

        desk.land([move("deep/down/a.md", "a.md")])
        assert "deep/down" not in paths_on_disk(desk)
        assert "deep" in paths_on_disk(desk)

        desk.save("deep/b.md", None, 1)
        assert "deep" not in paths_on_disk(desk)

    def test_that_hold_anything_stay(self, desk: Desk) -> None:
        desk.save("deep/a.md", "A.\n", None)
        (desk.folder.root / "deep/.hidden").write_text("not ours")

        desk.save("deep/a.md", None, 1)

        assert (desk.folder.root / "deep/.hidden").exists()

    def test_that_are_links_stay(self, desk: Desk, tmp_path: Any) -> None:
        desk.save("deep/a.md", "A.\n", None)
        elsewhere = tmp_path / "elsewhere"
        (desk.folder.root / "deep").rename(elsewhere)
        (desk.folder.root / "deep").symlink_to(elsewhere)

        with pytest.raises(FileOperationError):
            desk.save("deep/a.md", None, 1)

        assert (elsewhere / "a.md").exists()

    def test_the_root_stays(self, desk: Desk) -> None:
        desk.land([Change(path="production.md", text=None), Change(path="suivi.md", text=None)])

        assert desk.folder.root.is_dir()
        assert paths_on_disk(desk) == []


class TestForeignBytes:
    def test_at_the_target_are_never_overwritten(self, desk: Desk) -> None:
        write_behind(desk, "rapport.md", "Of another program.\n")

        with pytest.raises(FileExists):
            desk.land([move("production.md", "rapport.md")])

        assert desk.on_disk("rapport.md") == b"Of another program.\n"
        assert desk.current("rapport.md").author_kind == Revision.AuthorKind.EXTERNAL
        assert desk.text("production.md") == TEXT

    def test_at_the_target_that_are_no_text_are_set_aside(self, desk: Desk) -> None:
        (desk.folder.root / "rapport.md").write_bytes(b"\x00\xff")

        landing = desk.land([move("production.md", "rapport.md")])

        ((_path, aside),) = landing.set_aside
        assert (desk.folder.root / aside).read_bytes() == b"\x00\xff"
        assert desk.on_disk("rapport.md") == TEXT.encode()

    def test_at_a_target_that_differs_by_case_are_never_overwritten(self, desk: Desk) -> None:
        write_behind(desk, "Production.md", "Of another program.\n")

        with pytest.raises(FileExists):
            desk.land([move("production.md", "Production.md")])

        assert (desk.folder.root / "Production.md").read_text() == "Of another program.\n"

    def test_at_a_target_in_a_folder_that_differs_by_case(self, desk: Desk) -> None:
        desk.land([move("production.md", "Parts/a.md")])
        write_behind(desk, "parts/other.md", "Of another program.\n")

        with pytest.raises(FileExists):
            desk.land([move("Parts/a.md", "parts/other.md")])

        assert (desk.folder.root / "parts/other.md").read_text() == "Of another program.\n"

    def test_at_the_source_are_taken_in_and_moved(self, desk: Desk) -> None:
        write_behind(desk, "production.md", PRIMO)

        desk.land([move("production.md", "rapport.md")])

        kinds = [revision.author_kind for revision in desk.history("rapport.md")]
        assert kinds == ["system", "external", "person"]
        assert desk.on_disk("rapport.md") == PRIMO.encode()

    def test_at_the_source_after_it_moved_are_a_file_of_their_own(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, type(desk.folder), "take_away"):
            desk.land([move("production.md", "rapport.md")])
        write_behind(desk, "production.md", PRIMO)

        recover(desk.mission.pk)

        assert desk.text("production.md") == PRIMO
        assert desk.on_disk("production.md") == PRIMO.encode()
        assert desk.on_disk("rapport.md") == TEXT.encode()

    def test_at_a_source_spelled_otherwise_are_set_aside(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with dies_at(monkeypatch, type(desk.folder), "take_away"):
            desk.land([move("production.md", "Production.md")])
        write_behind(desk, "production.md", PRIMO)

        recover(desk.mission.pk)

        assert LandingRecord.objects.filter(state="OPEN").count() == 0
        assert desk.on_disk("Production.md") == TEXT.encode()
        (aside,) = desk.folder.root.glob("*.aside")
        assert aside.read_text() == PRIMO


class TestRecovery:
    @pytest.mark.parametrize("step", ["take_away", "swap"])
    def test_finishes_a_move(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        desk.save("deep/a.md", "A.\n", None)
        with dies_at(monkeypatch, type(desk.folder), step):
            desk.land([move("deep/a.md", "b.md")])

        assert recover(desk.mission.pk) == 1

        assert paths_on_disk(desk) == ["b.md", "production.md", "suivi.md"]
        assert desk.on_disk("b.md") == b"A.\n"

    def test_removes_a_folder_that_was_left_empty(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.save("deep/a.md", "A.\n", None)
        with dies_at(monkeypatch, os, "rmdir"):  # type: ignore[arg-type] # a module does as well
            desk.land([move("deep/a.md", "b.md")])
        assert "deep" in paths_on_disk(desk)

        recover(desk.mission.pk)

        assert paths_on_disk(desk) == ["b.md", "production.md", "suivi.md"]


class TestWhoBeganWithTheOldPath:
    @pytest.fixture(autouse=True)
    def _moved(self, desk: Desk) -> None:
        desk.land([move("production.md", "rapport.md")])

    def test_saves_the_moved_file(self, desk: Desk) -> None:
        landing = desk.save("production.md", PRIMO, 1)

        assert landing.followed == {"production.md": "rapport.md"}
        assert desk.text("rapport.md") == PRIMO
        assert desk.on_disk("production.md") is None

    def test_is_merged(self, desk: Desk) -> None:
        desk.save("rapport.md", TERZO, 2)

        landing = desk.save("production.md", PRIMO, 1)

        assert landing.merged == {"rapport.md"}
        assert desk.text("rapport.md") == PRIMO.replace("Third", "Terzo")

    def test_is_followed_through_every_move(self, desk: Desk) -> None:
        desk.land([move("rapport.md", "parts/end.md")])

        desk.save("production.md", PRIMO, 1)

        assert desk.text("parts/end.md") == PRIMO

    def test_may_create_another_file_there(self, desk: Desk) -> None:
        desk.save("production.md", "New.\n", None)

        assert desk.text("production.md") == "New.\n"
        assert desk.text("rapport.md") == TEXT

    def test_is_told_apart_by_the_key_of_the_file(self, desk: Desk) -> None:
        moved = desk.current("rapport.md").file_id
        desk.save("production.md", "New.\n", None)

        change = Change(path="production.md", text=PRIMO, base=1, file=moved)
        landing = desk.land([change])

        assert landing.followed == {"production.md": "rapport.md"}
        assert desk.text("rapport.md") == PRIMO
        assert desk.text("production.md") == "New.\n"

    def test_is_told_when_it_was_removed_since(self, desk: Desk) -> None:
        desk.save("rapport.md", None, 2)

        with pytest.raises(LandingConflict) as conflict:
            desk.save("production.md", PRIMO, 1)

        assert conflict.value.details["theirs"]["text"] is None
        assert conflict.value.details["mine"] == {"text": PRIMO}

    def test_names_no_file_of_another_mission(self, desk: Desk) -> None:
        with pytest.raises(ValidationError):
            desk.land([Change(path="production.md", text="x\n", base=1, file=10**9)])


class TestRuns:
    def test_a_lease_follows_the_file_it_names(self, desk: Desk) -> None:
        lease = desk.lease()
        file = desk.current("production.md").file_id
        desk.land([move("production.md", "rapport.md")])

        change = Change(path="production.md", text=PRIMO, base=1, file=file)
        landing = desk.run(lease, [change])

        assert landing.proposal is None
        assert desk.text("rapport.md") == PRIMO

    def test_propose_where_the_lease_does_not_reach(self, desk: Desk) -> None:
        desk.save("production/part.md", TEXT, None)
        lease = desk.lease()
        desk.land([move("production/part.md", "notes/part.md")])

        landing = desk.run(lease, [Change(path="production/part.md", text=PRIMO, base=1)])

        assert landing.proposal is not None
        assert landing.proposal.reason == Proposal.Reason.MOVED
        (proposed,) = landing.proposal.files.all()
        assert (proposed.path, proposed.base_number) == ("notes/part.md", 1)
        assert desk.text("notes/part.md") == TEXT

    def test_a_lease_does_not_follow_into_the_files_of_another(self, desk: Desk) -> None:
        desk.lease()
        lease = desk.lease("suivi", "suivi.md")
        desk.land([move("suivi.md", "production/suivi.md")])

        landing = desk.run(lease, [Change(path="suivi.md", text="Done.\n", base=1)])

        assert landing.proposal is not None

    def test_move_nothing(self, desk: Desk) -> None:
        lease = desk.lease()

        with pytest.raises(ValidationError):
            desk.run(lease, [move("production.md", "production/x.md")])

        release_lease(lease.run_id, now=lease.ends_at)


class TestWhatOthersHear:
    @pytest.fixture
    def heard(self, monkeypatch: pytest.MonkeyPatch) -> list[hooks.Landed]:
        heard: list[hooks.Landed] = []
        monkeypatch.setattr(hooks, "on_landed", [heard.append])
        return heard

    def test_both_events_name_the_other_path(self, desk: Desk) -> None:
        desk.land([move("production.md", "rapport.md")])

        removed, changed = Event.objects.filter(mission=desk.mission).order_by("seq")[2:]
        assert (removed.type, changed.type) == ("file.removed", "file.changed")
        assert removed.data["path"] == "production.md"
        assert removed.data["moved_to"] == "rapport.md"
        assert changed.data["path"] == "rapport.md"
        assert changed.data["moved_from"] == "production.md"

    def test_hooks_are_told_where_files_went(self, desk: Desk, heard: list[hooks.Landed]) -> None:
        desk.land([move("production.md", "rapport.md"), move("suivi.md", "journal.md")])
        desk.save("rapport.md", PRIMO, 2)

        moved, saved = heard
        assert moved.moves == {"production.md": "rapport.md", "suivi.md": "journal.md"}
        assert saved.moves == {}
