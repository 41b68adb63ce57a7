"""Taking back a run keeps what came after it; a hundred runs are scripted, the truth with them."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from missions.landing import Author, Change, land
from missions.models import Mission, Revision
from missions.services import (
    MissionArchived,
    RestoreRevision,
    RevertedFile,
    RevertRun,
    ThinRevisions,
)
from missions.services.revert import NothingToRevert, RevertOverlaps, RevertTooOld
from parallagon.core.errors import ValidationError
from tests.missions.conftest import NOW, TEXT, Desk

Revert = Callable[..., dict[str, RevertedFile]]
Run = Callable[..., UUID]
Status = dict[str, str]


def edited(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


@pytest.fixture
def revert(desk: Desk) -> Revert:
    """Take a run back as the owner."""

    def revert(run: UUID, **options: object) -> dict[str, RevertedFile]:
        values = {"mission": desk.mission, "user": desk.owner, "run_id": run, "now": NOW, **options}
        return {file.path: file for file in RevertRun(**values).execute()}  # type: ignore[arg-type] # by name

    return revert


@pytest.fixture
def run(desk: Desk) -> Run:
    """Land what an agent makes of some files: path → text."""

    def run(role: str = "production", **texts: str | None) -> UUID:
        run_id = uuid4()
        changes = [
            Change(path=f"{name}.md", text=text, base=_number(desk, f"{name}.md"))
            for name, text in texts.items()
        ]
        desk.land(changes, author=Author.agent(role, run_id))
        return run_id

    return run


def _number(desk: Desk, path: str) -> int | None:
    revisions = Revision.objects.filter(file__mission=desk.mission, file__path=path)
    last = revisions.filter(file__is_removed=False).order_by("-number").first()
    return last.number if last else None


def person(desk: Desk, path: str, text: str) -> None:
    desk.save(path, text, _number(desk, path))


class TestKeepsWhatCameAfter:
    def test_reverting_run_40_of_100_keeps_every_later_change(
        self, desk: Desk, revert: Revert
    ) -> None:
        script = Script(desk, 40)
        for _run in range(100):
            script.next_run()

        files = revert(script.runs[39])

        assert {path for path, file in files.items() if file.status == "reverted"} == set(
            script.touched[39]
        )
        for path, text in script.truth_without(39).items():
            assert desk.text(path) == text
            assert desk.on_disk(path) == text.encode()

    def test_where_one_file_overlaps_the_others_are_taken_back(
        self, desk: Desk, revert: Revert
    ) -> None:
        script = Script(desk, 41)
        for _run in range(60):
            script.next_run()
        first, *others = sorted(script.touched[39])
        written = f"run 39 wrote this\nand this of {script.touched[39][first]}"
        person(desk, first, desk.text(first).replace(written, "a person knew better"))
        later = desk.text(first)
        truth = script.truth_without(39)

        with pytest.raises(RevertOverlaps) as shown:
            revert(script.runs[39])
        assert [file["path"] for file in shown.value.details["files"]] == [first]
        revert(script.runs[39], files=shown.value.details["clean"])

        assert others
        assert {path: desk.text(path) for path in others} == {path: truth[path] for path in others}
        assert desk.text(first) == later

    @pytest.mark.parametrize("seed", range(4))
    def test_any_run_can_be_taken_back(self, desk: Desk, revert: Revert, seed: int) -> None:
        script = Script(desk, seed)
        for _run in range(25):
            script.next_run()
        chosen = script.random.randrange(25)

        revert(script.runs[chosen])

        assert {path: desk.text(path) for path in script.names} == script.truth_without(chosen)


class Script:
    """Runs that each write paragraphs of their own in some of four files, and the truth of it."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.random = Random(seed)  # noqa: S311 - a script, not a secret
        self.names = [f"production/part{number}.md" for number in range(4)]
        self.slots = {name: [f"slot {slot}" for slot in range(100)] for name in self.names}
        self.free = {name: list(range(100)) for name in self.names}
        self.runs: list[UUID] = []
        self.touched: list[dict[str, int]] = []
        for name in self.names:
            desk.save(name, self._text(self.slots[name]), None)

    def next_run(self) -> None:
        """Let a run rewrite one paragraph that no run has written in some of the files."""
        run_id, number = uuid4(), len(self.runs)
        chosen = self.random.sample(self.names, self.random.randint(1, 4))
        touched = {name: self._take(name) for name in chosen}
        for name, slot in touched.items():
            self.slots[name][slot] = f"run {number} wrote this\nand this of {slot}"
        self.desk.land(
            [
                Change(
                    path=name,
                    text=self._text(self.slots[name]),
                    base=self.desk.current(name).number,
                )
                for name in chosen
            ],
            author=Author.agent("production", run_id),
        )
        self.runs.append(run_id)
        self.touched.append(touched)

    def truth_without(self, number: int) -> dict[str, str]:
        slots = {name: list(lines) for name, lines in self.slots.items()}
        for name, slot in self.touched[number].items():
            slots[name][slot] = f"slot {slot}"
        return {name: self._text(lines) for name, lines in slots.items()}

    def _take(self, name: str) -> int:
        free = self.free[name]
        return free.pop(self.random.randrange(len(free)))

    @staticmethod
    def _text(slots: list[str]) -> str:
        return "\n\n".join(["# Part", *slots]) + "\n"


class TestOneFile:
    def test_puts_back_what_was_there(self, desk: Desk, run: Run, revert: Revert) -> None:
        made = run(production=edited("First", "Agent"))

        files = revert(made)

        assert desk.text("production.md") == TEXT
        assert files["production.md"] == RevertedFile(
            path="production.md", status="reverted", revision=3, added=1, removed=1
        )

    def test_says_whose_work_it_took_back_and_who_did(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        made = run(production=edited("First", "Agent"))

        revert(made)

        revision = desk.current("production.md")
        assert (revision.operation, revision.reverts_run) == (Revision.Operation.REVERT, made)
        assert (revision.user, revision.run_id) == (desk.owner, None)

    def test_keeps_what_a_person_merged_into_the_run(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        desk.save("production.md", edited("Third", "Person"), 1)
        made = uuid4()
        change = Change(path="production.md", text=edited("First", "Agent"), base=1)
        desk.land([change], author=Author.agent("production", made))

        revert(made)

        assert desk.text("production.md") == edited("Third", "Person")

    def test_keeps_what_another_program_wrote_meanwhile(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        made = run(production=edited("First", "Agent"))
        text = edited("First", "Agent").replace("Third", "Editor")
        (desk.folder.root / "production.md").write_text(text)

        revert(made)

        assert desk.text("production.md") == edited("Third", "Editor")


class TestMovedSince:
    def test_the_file_is_found_where_it_is(self, desk: Desk, run: Run, revert: Revert) -> None:
        made = run(production=edited("First", "Agent"))
        desk.land([Change(path="final.md", text=None, moved_from="production.md")])

        files = revert(made)

        assert list(files) == ["final.md"]
        assert desk.text("final.md") == TEXT
        assert desk.on_disk("production.md") is None

    def test_a_removed_one_does_not_return_over_another(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        made = run(suivi=None)
        desk.land([Change(path="suivi.md", text=None, moved_from="production.md")])

        with pytest.raises(RevertOverlaps) as shown:
            revert(made)

        assert shown.value.details["files"][0]["theirs"]["text"] == TEXT
        present = Revision.objects.filter(path="suivi.md").latest("pk")
        assert present.blob_id is not None


class TestFilesThatCameAndWent:
    def test_a_file_that_the_run_created_goes_away(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        made = run(new="Made.\n", production=edited("First", "Agent"))

        revert(made)

        assert desk.current("new.md").blob_id is None
        assert desk.current("new.md").reverts_run == made
        assert desk.on_disk("new.md") is None
        assert desk.text("production.md") == TEXT

    def test_one_that_was_written_in_since_is_shown(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        made = run(new="Made.\n")
        person(desk, "new.md", "Made.\n\nAnd more.\n")

        with pytest.raises(RevertOverlaps) as shown:
            revert(made)

        (file,) = shown.value.details["files"]
        assert (file["base"]["text"], file["mine"]["text"]) == ("Made.\n", None)
        assert file["theirs"]["text"] == "Made.\n\nAnd more.\n"
        assert desk.text("new.md") == "Made.\n\nAnd more.\n"

    def test_a_file_that_the_run_removed_comes_back(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        made = run(suivi=None)

        revert(made)

        assert desk.text("suivi.md") == "Nothing yet.\n"
        assert desk.on_disk("suivi.md") == b"Nothing yet.\n"

    def test_unless_someone_created_it_again(self, desk: Desk, run: Run, revert: Revert) -> None:
        made = run(suivi=None)
        desk.save("suivi.md", "Another.\n", None)

        with pytest.raises(RevertOverlaps):
            revert(made)

    def test_one_that_is_gone_already_stays_so(self, desk: Desk, run: Run, revert: Revert) -> None:
        made = run(new="Made.\n")
        desk.save("new.md", None, 1)

        assert revert(made)["new.md"].status == "unchanged"


class TestOverlaps:
    @pytest.fixture
    def made(self, desk: Desk, run: Run) -> UUID:
        """A run after which a person changed the same line of one of its two files."""
        made = run(production=edited("First", "Agent"), suivi="Begun.\n")
        person(desk, "production.md", edited("First", "Agent and person"))
        return made

    def test_shows_three_texts_and_writes_nothing(
        self, desk: Desk, made: UUID, revert: Revert
    ) -> None:
        with pytest.raises(RevertOverlaps) as shown:
            revert(made)

        assert shown.value.details["clean"] == ["suivi.md"]
        assert shown.value.details["files"] == [
            {
                "path": "production.md",
                "base": {"text": edited("First", "Agent")},
                "theirs": {
                    "revision": 3,
                    "text": edited("First", "Agent and person"),
                    "author": {"kind": "person", "name": "Ada Lovelace", "role": None, "run": None},
                },
                "mine": {"text": TEXT},
            }
        ]
        assert desk.text("suivi.md") == "Begun.\n"

    def test_the_clean_ones_can_be_taken_back_alone(
        self, desk: Desk, made: UUID, revert: Revert
    ) -> None:
        files = revert(made, files=["suivi.md"])

        assert list(files) == ["suivi.md"]
        assert desk.text("suivi.md") == "Nothing yet.\n"
        assert desk.text("production.md") == edited("First", "Agent and person")

    def test_one_that_moved_is_known_by_its_path_of_then_too(
        self, desk: Desk, made: UUID, revert: Revert
    ) -> None:
        desk.land([Change(path="d/follow.md", text=None, moved_from="suivi.md")])

        files = revert(made, files=["suivi.md", "d/follow.md"])

        assert list(files) == ["d/follow.md"]
        assert desk.text("d/follow.md") == "Nothing yet.\n"

    def test_a_preview_says_so_and_writes_nothing(
        self, desk: Desk, made: UUID, revert: Revert
    ) -> None:
        files = revert(made, preview=True)

        assert {path: file.status for path, file in files.items()} == {
            "production.md": "overlaps",
            "suivi.md": "reverted",
        }
        assert desk.text("suivi.md") == "Begun.\n"

    def test_two_good_halves_that_make_a_bad_whole_overlap(
        self, desk: Desk, revert: Revert
    ) -> None:
        opened = '{\n  "a": [\n\n    1,\n\n    2\n\n  ]\n}\n'
        desk.save("data.json", '{\n  "a":\n\n    1\n\n}\n', None)
        made = uuid4()
        change = Change(path="data.json", text=opened, base=1)
        desk.land([change], author=Author.agent("production", made))
        desk.save("data.json", opened.replace("    1,\n\n    2\n", "    1,\n\n    3, 4\n"), 2)

        with pytest.raises(RevertOverlaps):
            revert(made)


class TestTwice:
    def test_is_no_change_with_a_clear_answer(self, desk: Desk, run: Run, revert: Revert) -> None:
        made = run(production=edited("First", "Agent"))
        revert(made)
        person(desk, "production.md", edited("First", "Person"))

        files = revert(made)

        assert files["production.md"].status == "unchanged"
        assert desk.text("production.md") == edited("First", "Person")
        assert desk.current("production.md").number == 4

    def test_a_restored_run_can_be_taken_back_again(
        self, desk: Desk, run: Run, revert: Revert
    ) -> None:
        made = run(production=edited("First", "Agent"))
        revert(made)
        RestoreRevision(
            mission=desk.mission, user=desk.owner, path="production.md", number=2, now=NOW
        ).execute()
        assert desk.text("production.md") == edited("First", "Agent")

        revert(made)

        assert desk.text("production.md") == TEXT


class TestRefusals:
    def test_a_run_whose_step_is_no_longer_kept(self, desk: Desk, run: Run, revert: Revert) -> None:
        """Old revisions make room: between what is left lies the work of other runs, too."""
        run(production=edited("Third", "Other"))
        made = run(production=edited("Third", "Other").replace("First", "Agent"))
        assert ThinRevisions(now=NOW + timedelta(days=200), days=90).execute() == 1

        with pytest.raises(RevertTooOld):
            revert(made)

        assert desk.text("production.md") == edited("Third", "Other").replace("First", "Agent")

    def test_a_run_that_changed_nothing(self, revert: Revert) -> None:
        with pytest.raises(NothingToRevert):
            revert(uuid4())

    def test_a_file_that_the_run_did_not_change(self, desk: Desk, run: Run, revert: Revert) -> None:
        made = run(production=edited("First", "Agent"))

        with pytest.raises(ValidationError):
            revert(made, files=["production.md", "suivi.md"])
        assert desk.text("production.md") == edited("First", "Agent")

    def test_an_archived_mission(
        self, desk: Desk, mission: Mission, run: Run, revert: Revert
    ) -> None:
        made = run(production=edited("First", "Agent"))
        mission.state = Mission.State.ARCHIVED

        with pytest.raises(MissionArchived):
            revert(made)

    def test_a_run_of_another_mission_is_unknown(self, desk: Desk, run: Run) -> None:
        from tests.factories import make_mission

        made = run(production=edited("First", "Agent"))
        other = make_mission(owner=desk.owner)

        with pytest.raises(NothingToRevert):
            RevertRun(mission=other, user=desk.owner, run_id=made, now=NOW).execute()


def test_goes_on_from_what_someone_saved_in_between(
    desk: Desk, run: Run, revert: Revert, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan was made before the write lock was held: a newer text makes it plan again."""
    from missions.services import revert as module

    made = run(production=edited("First", "Agent"))
    saves = [edited("First", "Agent").replace("Third", "Person")]

    def land_late(*args: object, **options: object) -> object:
        if saves:
            person(desk, "production.md", saves.pop())
        return land(*args, **options)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(module, "land", land_late)

    revert(made)

    assert desk.text("production.md") == edited("Third", "Person")
