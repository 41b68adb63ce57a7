"""Real small file systems that are full or read-only: a clear error, nothing lost, and it recovers.

Mounting one needs privileges; where there are none these tests are skipped.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from missions.landing import Author, Change, land, recover_all
from missions.models import LandingRecord, Mission, Revision
from missions.selectors import current_file, current_text
from missions.services import SaveFile
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import FileOperationError, ParallagonError
from tests.factories import make_mission, make_user, write_files

pytestmark = [pytest.mark.faults, pytest.mark.django_db]

ROOT = Path(__file__).parents[2]
OLD = "The old text.\n"
LONG = "".join(f"Line {number} of a text that needs room of its own.\n" for number in range(9000))


class SmallDisk:
    """A file system of a few megabytes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fill(self) -> None:
        """Use up every byte."""
        with (self.root / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * 4096)
            except OSError:
                return

    def free(self) -> None:
        (self.root / "filler").unlink()

    def remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.root)], check=True)

    def grow(self, size: str) -> None:
        self.remount(f"size={size}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    root = tmp_path / "disk"
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(root)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield SmallDisk(root)
    subprocess.run(["umount", "--lazy", str(root)], check=True)


@pytest.fixture
def owner(settings: Any, tmp_path: Path) -> User:
    settings.DATA_DIR = tmp_path / "data"
    return make_user()


@pytest.fixture
def stored(settings: Any, disk: SmallDisk, owner: User) -> Mission:
    """A mission whose folder and contents lie on the small disk."""
    settings.DATA_DIR = disk.root / "data"
    return make_mission(owner=owner, files={"notes.md": OLD})


@pytest.fixture
def outside(settings: Any, disk: SmallDisk, owner: User) -> Mission:
    """A mission of which only the folder lies on the small disk."""
    settings.PARALLAGON_EXTERNAL_ROOTS = (str(disk.root),)
    folder = disk.root / "mission"
    folder.mkdir()
    mission = make_mission(owner=owner)
    mission.folder = str(folder)
    mission.save(update_fields=["folder"])
    write_files(mission, {"notes.md": OLD})
    return mission


def save(mission: Mission, owner: User, text: str, base: int = 1) -> str:
    saved = SaveFile(
        mission=mission, user=owner, path="notes.md", text=text, base=base, now=timezone.now()
    ).execute()
    return saved.text


def text_of(mission: Mission) -> str:
    return current_text(current_file(mission=mission, path="notes.md"))


def assert_untouched(mission: Mission) -> None:
    assert text_of(mission) == OLD
    assert FileManager(mission).read("notes.md") == OLD.encode()
    assert Revision.objects.filter(file__mission=mission).count() == 1
    assert not LandingRecord.objects.filter(state="OPEN").exists()


def leftovers(root: Path) -> list[str]:
    return [path.name for path in root.rglob("*.tmp")]


class TestFullDisk:
    def test_refuses_a_save_whole_and_takes_it_when_there_is_room(self, disk, stored, owner):
        disk.fill()

        with pytest.raises(FileOperationError, match="disk is full"):
            save(stored, owner, LONG)

        assert_untouched(stored)
        assert leftovers(disk.root) == []
        disk.free()
        assert save(stored, owner, LONG) == LONG
        assert FileManager(stored).read("notes.md") == LONG.encode()

    def test_refuses_all_files_of_a_run_when_one_has_no_room(self, disk, stored, owner):
        small, large = (
            Change(path="small.md", text="a\n"),
            Change(path="large.txt", text=LONG[::-1]),
        )
        disk.fill()

        with pytest.raises(FileOperationError, match="disk is full"):
            land(stored, [small, large], author=Author.person(owner), now=timezone.now())

        assert_untouched(stored)
        disk.free()

    def test_keeps_what_landed_when_only_the_folder_is_full(self, disk, outside, owner):
        disk.fill()

        said = save(outside, owner, LONG)

        assert said == text_of(outside) == LONG  # it has landed: everyone reads it
        assert FileManager(outside).read("notes.md") == OLD.encode()
        assert LandingRecord.objects.filter(state="OPEN").count() == 1
        disk.free()
        assert recover_all() == 1
        assert FileManager(outside).read("notes.md") == LONG.encode()
        assert leftovers(disk.root) == []

    def test_goes_on_saving_while_the_folder_is_full(self, disk, outside, owner):
        disk.fill()

        save(outside, owner, LONG)
        save(outside, owner, f"{LONG}More.\n", base=2)
        disk.free()
        save(outside, owner, f"{LONG}More.\nAnd more.\n", base=3)

        assert FileManager(outside).read("notes.md") == f"{LONG}More.\nAnd more.\n".encode()
        assert Revision.objects.filter(file__mission=outside, author_kind="external").count() == 0
        assert not LandingRecord.objects.filter(state="OPEN").exists()


class TestReadOnlyDisk:
    def test_refuses_a_save_where_contents_cannot_be_stored(self, disk, stored, owner):
        disk.remount("ro")

        with pytest.raises(ParallagonError, match="read-only"):
            save(stored, owner, LONG)

        assert_untouched(stored)
        disk.remount("rw")
        assert save(stored, owner, LONG) == LONG

    def test_refuses_a_save_into_a_read_only_folder(self, disk, outside, owner):
        disk.remount("ro")

        with pytest.raises(FileOperationError, match="read-only"):
            save(outside, owner, LONG)

        assert_untouched(outside)
        disk.remount("rw")
        assert save(outside, owner, LONG) == LONG

    def test_still_reads(self, disk, stored):
        disk.remount("ro")

        assert text_of(stored) == OLD


@pytest.mark.skipif(connection.vendor != "sqlite", reason="its disk holds a file of SQLite's")
class TestFullDatabase:
    def test_refuses_a_save_whole_and_takes_it_when_there_is_room(self, disk):
        disk.grow("24m")
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "parallagon.settings.test",
            "PARALLAGON_TEST_DATA_DIR": str(disk.root),
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "ERROR",
        }

        done = subprocess.run(
            [sys.executable, str(ROOT / "tests/faults/database_disk.py")],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )

        answer = json.loads(done.stdout)
        assert answer["refused"].startswith("file_failed: The database's disk is full")
        assert answer["read"] == answer["on_disk"] == "The old text.\n"
        assert answer["taken"] == "saved"
        assert answer["revisions"] == 2
