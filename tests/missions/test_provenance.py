"""Who wrote each line of a real file, whose past was landed and then followed."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from missions.landing import Change
from missions.models import Provenance, Revision
from missions.provenance import Attribution, Origin, ProvenancePending, past
from missions.provenance.origins import pack, unpack
from missions.services import AttributeLines, KeepProvenance, RestoreRevision, RevertRun
from missions.services import provenance as services
from missions.storage import BlobStore
from missions.tasks import follow_files
from parallagon.core.errors import FileOperationError
from tests.missions.conftest import NOW, TEXT, Desk

PATH = "production.md"


def attributed(desk: Desk, number: int | None = None, **options: Any) -> Attribution:
    """Work out who wrote the file as of a revision, the current one unless told."""
    revisions = Revision.objects.filter(file__mission=desk.mission, file__path=PATH)
    revision = revisions.get(number=number) if number else desk.current(PATH)
    return AttributeLines(revision=revision, **options).execute()


def write(desk: Desk, text: str, **options: Any) -> None:
    desk.save(PATH, text, desk.current(PATH).number, **options)


def restore(desk: Desk, number: int) -> None:
    RestoreRevision(
        mission=desk.mission, user=desk.owner, path=PATH, number=number, now=NOW
    ).execute()


class TestKeptRows:
    def test_hold_everything(self) -> None:
        by_ada = Origin(1, "WRITE", "person", None, "", None, NOW, "Ada")
        by_run = Origin(2, "WRITE", "agent", None, "production", uuid4(), NOW)
        found = Attribution(number=2, lines=(1, 2, 2), origins={1: by_ada, 2: by_run})

        assert unpack(pack(found)) == found


class TestAttributeLines:
    def test_knows_a_person_an_agent_and_its_run(self, desk: Desk) -> None:
        lease = desk.lease()
        desk.run(lease, [Change(path=PATH, text=TEXT + "By an agent.\n", base=1)])
        write(desk, desk.text(PATH).replace("First", "Primo"), now=NOW + timedelta(hours=1))

        found = attributed(desk)

        assert found.lines == (1, 1, 3, 1, 1, 1, 1, 2)
        assert (found.origins[2].role, found.origins[2].run_id) == ("production", lease.run_id)
        assert (found.origins[3].user_id, found.origins[3].kind) == (desk.owner.pk, "person")
        assert found.origins[3].at == NOW + timedelta(hours=1)

    def test_a_merge_leaves_each_line_with_who_wrote_it(self, desk: Desk) -> None:
        desk.run(desk.lease(), [Change(path=PATH, text=TEXT.replace("Third", "Terzo"), base=1)])
        desk.save(PATH, TEXT.replace("First", "Primo"), 1)

        assert attributed(desk).lines == (1, 1, 3, 1, 1, 1, 2)

    def test_what_another_program_wrote_is_its_own(self, desk: Desk) -> None:
        desk.folder.write(PATH, TEXT.replace("Second", "Secondo").encode())
        desk.save(PATH, TEXT.replace("First", "Primo"), 1)

        found = attributed(desk)

        assert found.lines == (1, 1, 3, 1, 2, 1, 1)
        assert found.origins[2].kind == "external"

    def test_as_of_an_older_revision(self, desk: Desk) -> None:
        write(desk, TEXT + "More.\n")
        write(desk, "All gone.\n")

        assert attributed(desk, 2).lines == (1, 1, 1, 1, 1, 1, 1, 2)

    def test_of_a_removed_file_is_empty(self, desk: Desk) -> None:
        desk.save(PATH, None, 1)

        assert attributed(desk).lines == ()

    def test_a_file_created_again_remembers_what_is_the_same(self, desk: Desk) -> None:
        desk.save(PATH, None, 1)
        desk.save(PATH, TEXT + "More.\n", None)

        assert attributed(desk).lines == (1, 1, 1, 1, 1, 1, 1, 3)

    def test_a_damaged_past_is_said(self, desk: Desk) -> None:
        write(desk, "Other.\n")
        blob = desk.first(PATH).blob_id
        assert blob is not None
        (BlobStore().root / blob[:2] / blob).unlink()

        with pytest.raises(FileOperationError):
            attributed(desk)


class TestRestoredText:
    def test_is_whose_it_was(self, desk: Desk) -> None:
        write(desk, TEXT.replace("First", "Primo"))
        write(desk, "Nothing of it.\n")
        restore(desk, 2)

        assert attributed(desk).lines == (1, 1, 2, 1, 1, 1, 1)

    def test_is_whose_it_was_when_the_walk_begins_later(self, desk: Desk) -> None:
        write(desk, TEXT.replace("First", "Primo"))
        write(desk, "Nothing of it.\n")
        KeepProvenance(file_id=desk.current(PATH).file_id, removed=()).execute()
        kept = past.Past(file_id=desk.current(PATH).file_id, wanted={3})
        kept.at(3)
        services.keep(kept)
        restore(desk, 2)
        write(desk, desk.text(PATH) + "More.\n")

        assert attributed(desk).lines == (1, 1, 2, 1, 1, 1, 1, 5)

    def test_twice(self, desk: Desk) -> None:
        write(desk, "Mine.\n")
        restore(desk, 1)
        write(desk, "Mine.\n")
        restore(desk, 1)
        restore(desk, 2)

        assert attributed(desk, 5).lines == (1,) * 7
        assert attributed(desk).lines == (4,)  # the last who wrote these words


class TestTakenBackRun:
    def test_gives_lines_back_between_newer_ones(self, desk: Desk) -> None:
        lease = desk.lease()
        changed = TEXT.replace("First.\n", "By an agent.\n").replace("Third.\n", "")
        desk.run(lease, [Change(path=PATH, text=changed, base=1)])
        write(desk, desk.text(PATH).replace("# Title", "# New title"))
        RevertRun(mission=desk.mission, user=desk.owner, run_id=lease.run_id, now=NOW).execute()

        assert desk.text(PATH) == TEXT.replace("# Title", "# New title")
        assert attributed(desk).lines == (3, 1, 1, 1, 1, 1, 1)

    def test_that_created_the_file_has_nothing_to_give_back(self, desk: Desk) -> None:
        lease = desk.lease()
        desk.run(lease, [Change(path="production/new.md", text="One.\n", base=None)])
        desk.save("production/new.md", "One.\nTwo.\n", 1)
        revision = desk.current("production/new.md")

        assert AttributeLines(revision=revision).execute().lines == (1, 2)


class TestKeeping:
    @pytest.fixture(autouse=True)
    def often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(past, "EVERY", 5)
        monkeypatch.setattr(past, "LEAST", 2)

    @pytest.fixture
    def long_past(self, desk: Desk) -> Desk:
        for number in range(2, 14):
            write(desk, desk.text(PATH) + f"Line of revision {number}.\n")
        return desk

    def kept(self) -> list[int]:
        rows = Provenance.objects.order_by("revision__number")
        return list(rows.values_list("revision__number", flat=True))

    def test_now_and_then_and_where_it_was_asked_for(self, long_past: Desk) -> None:
        attributed(long_past)

        assert self.kept() == [5, 10, 13]

    def test_the_next_begins_there(self, long_past: Desk) -> None:
        first = attributed(long_past)
        blob = long_past.first(PATH).blob_id
        assert blob is not None
        (BlobStore().root / blob[:2] / blob).unlink()  # nobody needs to look there again

        assert attributed(long_past).lines == first.lines
        assert attributed(long_past, 7).lines == (*(1,) * 7, 2, 3, 4, 5, 6, 7)

    def test_leaves_off_when_it_takes_too_long_and_goes_on(self, long_past: Desk) -> None:
        attempts = 0
        for attempts in range(1, 20):  # noqa: B007 - counted
            try:
                found = attributed(long_past, seconds=-1)
                break
            except ProvenancePending:
                continue

        assert 1 < attempts < 19
        assert found.lines == (*(1,) * 7, *range(2, 14))

    def test_what_another_version_kept_is_not_used(self, long_past: Desk) -> None:
        from missions.provenance import origins

        attributed(long_past)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(origins, "_VERSION", 2)
            assert attributed(long_past).lines == (*(1,) * 7, *range(2, 14))


class TestFollowFiles:
    @pytest.fixture(autouse=True)
    def often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "EVERY", 3)
        monkeypatch.setattr(past, "EVERY", 3)

    def test_follows_those_that_are_far_behind(self, desk: Desk) -> None:
        for number in range(2, 5):
            write(desk, desk.text(PATH) + f"Line of revision {number}.\n")

        assert [follow_files(), follow_files()] == [1, 0]
        assert list(Provenance.objects.values_list("revision__number", flat=True)) == [3]

    def test_does_not_stop_at_one_that_is_damaged(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        for path in (PATH, "suivi.md"):
            for number in range(2, 5):
                desk.save(path, f"{path} {number}\n", number - 1)
        blob = desk.first(PATH).blob_id
        assert blob is not None
        (BlobStore().root / blob[:2] / blob).unlink()

        assert follow_files() == 1
        assert "was not followed" in caplog.text


class TestKeepProvenance:
    def test_lets_removed_revisions_be_known(self, desk: Desk) -> None:
        lease = desk.lease()
        desk.run(lease, [Change(path=PATH, text=TEXT + "By an agent.\n", base=1)])
        write(desk, desk.text(PATH) + "By a person.\n")
        write(desk, desk.text(PATH).replace("First", "Primo"))
        restore(desk, 2)
        before = {number: attributed(desk, number).lines for number in (4, 5)}
        file_id = desk.current(PATH).file_id

        KeepProvenance(file_id=file_id, removed={1, 2, 3}).execute()
        Revision.objects.filter(file=file_id, number__lte=3).delete()

        assert {number: attributed(desk, number).lines for number in (4, 5)} == before
        assert attributed(desk).origins[2].run_id == lease.run_id

    def test_again_when_more_goes_away(self, desk: Desk) -> None:
        for number in range(2, 9):
            write(desk, desk.text(PATH) + f"Line of revision {number}.\n")
        file_id = desk.current(PATH).file_id

        for removed in ({2, 3}, {4, 6}, {1, 5, 7}):
            KeepProvenance(file_id=file_id, removed=removed).execute()
            Revision.objects.filter(file=file_id, number__in=removed).delete()

        assert attributed(desk).lines == (*(1,) * 7, *range(2, 9))

    def test_refuses_when_the_past_cannot_be_read(self, desk: Desk) -> None:
        write(desk, "Other.\n")
        blob = desk.first(PATH).blob_id
        assert blob is not None
        (BlobStore().root / blob[:2] / blob).unlink()

        with pytest.raises(FileOperationError):
            KeepProvenance(file_id=desk.current(PATH).file_id, removed={1}).execute()
