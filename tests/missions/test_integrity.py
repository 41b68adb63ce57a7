"""A sweep finds what is planted, mends what can be mended, and leaves what is right alone."""

import io
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import zstandard
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from missions.integrity import Kind, Report, sweep, sweep_and_keep
from missions.locks import write_lock
from missions.models import Blob, LandingRecord, Mission, MissionFile, Revision, Sweep
from missions.storage import BlobStore, sha256
from missions.tasks import sweep as sweep_task
from tests.factories import make_mission
from tests.missions.conftest import NOW, TEXT, Desk

OLD = time.time() - 2 * 3600
STRAY = b"nobody refers to this\n"


def blob_of(desk: Desk, path: str) -> Path:
    name = desk.current(path).blob_id or ""
    return BlobStore().root / name[:2] / name


def age(path: Path, moment: float = OLD) -> None:
    os.utime(path, (moment, moment))


# -- faults ------------------------------------------------------------------------------------
def changed_file(desk: Desk) -> None:
    (desk.folder.root / "production.md").write_text("Someone else's.\n", encoding="utf-8")


def cut_file(desk: Desk) -> None:
    os.truncate(desk.folder.root / "production.md", 5)


def binary_file(desk: Desk) -> None:
    desk.save("binary.md", TEXT, None)
    (desk.folder.root / "binary.md").write_bytes(b"\xff\xfe\x00\x01")


def huge_file(desk: Desk) -> None:
    size = settings.PARALLAGON_MAX_FILE_SIZE
    (desk.folder.root / "production.md").write_bytes(b"x\n" * size)


def missing_file(desk: Desk) -> None:
    desk.save("missing.md", TEXT, None)
    (desk.folder.root / "missing.md").unlink()


def unknown_file(desk: Desk) -> None:
    (desk.folder.root / "notes.md").write_text("Mine.\n", encoding="utf-8")


def linked_file(desk: Desk) -> None:
    desk.save("linked.md", TEXT, None)
    path = desk.folder.root / "linked.md"
    path.unlink()
    path.symlink_to("/etc/hostname")


def missing_folder(desk: Desk) -> None:
    desk.folder.root.rename(Path(settings.DATA_DIR) / "elsewhere")


def orphan_folder(desk: Desk) -> None:
    (desk.folder.root.parent / "98765").mkdir()


def missing_blob(desk: Desk) -> None:
    blob_of(desk, "production.md").unlink()


def missing_old_blob(desk: Desk) -> None:
    desk.save("production.md", "New.\n", 1)
    name = desk.first("production.md").blob_id or ""
    (BlobStore().root / name[:2] / name).unlink()


def damaged_blob(desk: Desk) -> None:
    blob_of(desk, "production.md").write_bytes(b"this is not zstd")


def wrong_blob(desk: Desk) -> None:
    blob_of(desk, "production.md").write_bytes(zstandard.compress(b"another text\n"))


def orphan_blob(desk: Desk) -> None:
    name = BlobStore().put(STRAY)
    age(BlobStore().root / name[:2] / name)


def unused_blob(desk: Desk) -> None:
    name = BlobStore().put(b"of a purged mission\n")
    Blob.objects.create(hash=name, size=20)
    Blob.objects.filter(hash=name).update(created_at=timezone.now() - timedelta(hours=2))


def wrong_size(desk: Desk) -> None:
    Blob.objects.filter(hash=sha256(b"Nothing yet.\n")).update(size=1)


def open_record(desk: Desk) -> None:
    LandingRecord.objects.create(
        mission=desk.mission,
        entries=[
            {
                "path": "production.md",
                "before": None,
                "after": desk.current("production.md").blob_id,
            }
        ],
        created_at=timezone.now() - timedelta(hours=1),
    )


def wrong_current(desk: Desk) -> None:
    desk.save("suivi.md", "Later.\n", 1)
    first = desk.first("suivi.md")
    (desk.folder.root / "suivi.md").write_bytes(BlobStore().get(first.blob_id or ""))
    MissionFile.objects.filter(pk=first.file_id).update(current=first)


def wrong_removal(desk: Desk) -> None:
    MissionFile.objects.filter(path="suivi.md").update(is_removed=True)


def counter_behind(desk: Desk) -> None:
    Mission.objects.filter(pk=desk.mission.pk).update(seq=0)


def lease_left(desk: Desk) -> None:
    past = timezone.now() - timedelta(hours=2)
    desk.lease(now=past, ends_at=past + timedelta(minutes=10))


def half_made(desk: Desk) -> None:
    mission = make_mission(owner=desk.owner, files={"demande.md": "Never finished.\n"})
    mission.memberships.all().delete()
    Mission.objects.filter(pk=mission.pk).update(created_at=timezone.now() - timedelta(hours=2))


def temporary_in_folder(desk: Desk) -> None:
    path = desk.folder.root / ".production.md.4711.0a1b2c3d.tmp"
    path.write_bytes(b"half")
    age(path)


def temporary_in_store(desk: Desk) -> None:
    path = blob_of(desk, "suivi.md").with_name(f".{'a' * 64}.4711.0a1b2c3d.tmp")
    path.write_bytes(b"half")
    age(path)


def staging_left(desk: Desk) -> None:
    path = Path(settings.DATA_DIR) / "staging" / str(uuid4())
    (path / "files").mkdir(parents=True)
    age(path)


def run_folder_left(desk: Desk) -> None:
    path = Path(settings.DATA_DIR) / "runs" / str(uuid4())
    path.mkdir(parents=True)
    age(path)


@dataclass(frozen=True)
class Fault:
    plant: Callable[[Desk], None]
    kind: Kind
    is_mended: bool = True


FAULTS = [
    Fault(changed_file, Kind.FILE_DIFFERS),
    Fault(cut_file, Kind.FILE_DIFFERS),
    Fault(binary_file, Kind.FILE_NOT_TEXT),
    Fault(huge_file, Kind.FILE_NOT_TEXT),
    Fault(missing_file, Kind.FILE_MISSING),
    Fault(unknown_file, Kind.FILE_UNKNOWN),
    Fault(linked_file, Kind.FILE_NOT_PLAIN, is_mended=False),
    Fault(missing_folder, Kind.FOLDER_GONE),
    Fault(orphan_folder, Kind.FOLDER_ORPHAN),
    Fault(missing_blob, Kind.BLOB_MISSING),
    Fault(missing_old_blob, Kind.BLOB_MISSING, is_mended=False),
    Fault(damaged_blob, Kind.BLOB_DAMAGED),
    Fault(wrong_blob, Kind.BLOB_DAMAGED),
    Fault(orphan_blob, Kind.BLOB_ORPHAN),
    Fault(unused_blob, Kind.BLOB_UNUSED),
    Fault(wrong_size, Kind.BLOB_SIZE),
    Fault(open_record, Kind.RECORD_OPEN),
    Fault(wrong_current, Kind.CURRENT_WRONG),
    Fault(wrong_removal, Kind.REMOVED_WRONG),
    Fault(counter_behind, Kind.COUNTER_BEHIND),
    Fault(lease_left, Kind.LEASE_LEFT),
    Fault(half_made, Kind.MISSION_HALF_MADE),
    Fault(temporary_in_folder, Kind.TEMPORARY_LEFT),
    Fault(temporary_in_store, Kind.TEMPORARY_LEFT),
    Fault(staging_left, Kind.STAGING_LEFT),
    Fault(run_folder_left, Kind.RUN_FOLDER_LEFT),
]


def look(*, mends: bool = True) -> Report:
    return sweep(now=timezone.now(), mends=mends, everything=True)


def kinds(report: Report) -> set[Kind]:
    return {finding.kind for finding in report.findings}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.plant.__name__)
class TestFault:
    def test_is_found_and_mended_where_nothing_is_lost_by_it(self, desk, fault):
        fault.plant(desk)

        report = look()

        assert fault.kind in kinds(report)
        assert bool(report.open) is not fault.is_mended
        assert kinds(look()) <= ({fault.kind} if not fault.is_mended else {Kind.BLOB_ORPHAN})

    def test_is_found_and_left_where_only_a_look_is_wanted(self, desk, fault):
        fault.plant(desk)

        first, second = look(mends=False), look(mends=False)

        assert fault.kind in kinds(first)
        assert first.findings == second.findings
        assert not any(finding.is_mended for finding in first.findings)


class TestSweep:
    def test_finds_nothing_where_nothing_is_wrong(self, desk):
        desk.save("production.md", "New.\n", 1)
        desk.save("suivi.md", None, 1)

        report = look()

        assert report.findings == []
        assert report.file_count == 1
        assert report.blob_count == 3

    def test_finds_all_of_many_faults_at_once(self, desk):
        planted = [fault for fault in FAULTS if fault.plant not in CLASHING]
        planted.sort(key=lambda fault: fault.plant not in LANDING)  # these need what is whole
        for fault in planted:
            fault.plant(desk)

        report = look(mends=False)

        assert len(planted) >= 20
        assert {fault.kind for fault in planted} <= kinds(report)

    def test_loses_nothing_by_mending(self, desk):
        changed_file(desk)
        unknown_file(desk)

        look()

        assert desk.text("production.md") == "Someone else's.\n"
        assert desk.texts("production.md")[0] == TEXT
        assert desk.current("notes.md").author_kind == Revision.AuthorKind.EXTERNAL

    def test_puts_a_content_back_from_the_folder(self, desk):
        damaged_blob(desk)

        look()

        assert desk.text("production.md") == TEXT

    def test_lets_new_contents_be_until_their_rows_come(self, desk):
        name = BlobStore().put(STRAY)

        assert look().findings == []
        assert BlobStore().get(name) == STRAY

    def test_does_not_take_a_content_that_is_stored_again_meanwhile(self, desk):
        orphan_blob(desk)
        store = BlobStore()
        name = store.put(STRAY)  # young again

        assert look().findings == []
        assert store.get(name) == STRAY

    def test_gives_a_content_back_whose_row_comes_while_it_is_removed(self, desk):
        orphan_blob(desk)
        name = sha256(STRAY)

        is_removed = BlobStore().remove(name, older_than=time.time() - 3600, unless=lambda: True)

        assert not is_removed
        assert BlobStore().get(name) == STRAY

    def test_reads_every_content_once_in_a_day(self, desk):
        now = timezone.now()

        read = sum(sweep(now=now + timedelta(hours=hour)).blob_count for hour in range(24))

        assert read == Blob.objects.count() == 2

    def test_leaves_a_writer_alone_and_says_that_it_could_not_mend(self, desk, settings):
        settings.PARALLAGON_LOCK_TIMEOUT = 0.05
        changed_file(desk)
        with write_lock(desk.mission.pk):
            report = look()

        assert [finding.kind for finding in report.open] == [Kind.FILE_DIFFERS]
        assert "busy" in report.open[0].detail
        assert look().open == []


class TestKeeping:
    def test_keeps_what_was_found(self, desk):
        linked_file(desk)

        kept = sweep_and_keep(now=timezone.now(), everything=True)

        assert (kept.finding_count, kept.open_count) == (1, 1)
        assert kept.findings[0]["kind"] == "file_not_plain"
        assert kept.findings[0]["path"] == "linked.md"

    def test_keeps_the_last_hundred(self, desk):
        Sweep.objects.bulk_create(
            Sweep(
                started_at=NOW,
                finished_at=NOW,
                file_count=0,
                blob_count=0,
                finding_count=0,
                open_count=0,
            )
            for _ in range(105)
        )

        sweep_task()

        assert Sweep.objects.count() == 100


class TestCommand:
    def test_says_what_is_wrong_and_fails_when_it_stays(self, desk):
        linked_file(desk)
        out = io.StringIO()

        with pytest.raises(SystemExit) as ended:
            call_command("check_files", str(desk.mission.pk), mend=True, stdout=out)

        assert ended.value.code == 1
        assert "linked.md" in out.getvalue()
        assert "1 findings, 1 open" in out.getvalue()

    def test_mends_when_told_to(self, desk):
        missing_file(desk)
        out = io.StringIO()

        call_command("check_files", mend=True, stdout=out)

        assert "mended" in out.getvalue()
        assert desk.on_disk("missing.md") == TEXT.encode()


# These touch the same file or folder as another fault, so they are planted alone.
CLASHING = {
    cut_file,
    huge_file,
    missing_folder,
    missing_blob,
    wrong_blob,
}
LANDING = {missing_old_blob, wrong_current, half_made, binary_file, missing_file, linked_file}
