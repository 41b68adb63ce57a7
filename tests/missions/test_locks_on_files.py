"""What is particular to locks that are files."""

import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from missions import locks
from missions.locks import (
    RunLock,
    forget_mission,
    forget_unused,
    write_lock,
)
from missions.locks.files import FileLocks
from parallagon.core.errors import FileOperationError, LockError
from tests.missions.lock_holder import holding


@pytest.mark.usefixtures("on_files")
class TestFiles:
    def test_are_certain(self) -> None:
        assert locks.are_certain()

    def test_of_a_stopped_holder_stay_locked(self) -> None:
        with holding(mission=1) as other:
            os.kill(other.pid, signal.SIGSTOP)
            with pytest.raises(LockError), write_lock(1, timeout=1.5):
                pass
            os.kill(other.pid, signal.SIGCONT)

            assert other.ask() == "held"

    def test_that_cannot_be_used_are_no_busy_lock(self, private_data: Path) -> None:
        (private_data / "locks").write_text("not a folder")

        with pytest.raises(FileOperationError, match="locks cannot be used"), write_lock(1):
            pass

    def test_one_that_is_held_is_never_deleted(self, private_data: Path) -> None:
        with holding(mission=1):
            assert not forget_mission(1)
            assert (private_data / "locks" / "mission-1.lock").exists()

    def test_whoever_waited_for_a_deleted_one_has_the_new_one(self, private_data: Path) -> None:
        file = private_data / "locks" / "mission-1.lock"
        entered, leave = threading.Event(), threading.Event()

        def wait() -> None:
            with write_lock(1, timeout=60):
                entered.set()
                leave.wait(60)

        with write_lock(1):
            waiting = threading.Thread(target=wait)
            waiting.start()
            opened_by(file, count=2)
            file.unlink()
        try:
            assert entered.wait(60)
            with pytest.raises(LockError), write_lock(1, timeout=0):
                pass
        finally:
            leave.set()
            waiting.join()

    def test_deleting_them_never_lets_two_in(self) -> None:
        inside: list[int] = []
        most: list[int] = []
        stop = threading.Event()

        def work() -> None:
            for _ in range(100):
                with write_lock(1, timeout=60):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0)
                    inside.pop()

        def delete() -> None:
            while not stop.is_set():
                forget_mission(1)

        deleter = threading.Thread(target=delete)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in (deleter, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        deleter.join()

        assert len(most) == 300
        assert max(most) == 1

    def test_that_nobody_needs_are_deleted(self, private_data: Path) -> None:
        folder = private_data / "locks"
        old, held, fresh = uuid4(), uuid4(), uuid4()
        for run in (old, fresh):
            lock = RunLock(run)
            lock.acquire()
            lock.release()
        for mission in (1, 2, 3):
            with write_lock(mission):
                pass
        (folder / "README.lock").write_text("mine")
        with holding(run=str(held)):
            for file in folder.iterdir():
                if str(fresh) not in file.name and file.name != "mission-3.lock":
                    os.utime(file, (0, 0))

            count = forget_unused(before=timezone.now() - timedelta(hours=1), missions={1})

        assert count == 2
        left = sorted(file.name for file in folder.iterdir())
        assert left == sorted(
            [
                "README.lock", "mission-1.lock", "mission-3.lock", f"run-{held}.lock",
                f"run-{fresh}.lock",
            ]
        )  # fmt: skip


def opened_by(file: Path, *, count: int) -> None:
    """Wait until this process has the file open so many times."""
    ends = time.monotonic() + 30
    while sum(link == str(file) for link in map(target, Path("/proc/self/fd").iterdir())) < count:
        assert time.monotonic() < ends


def target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def test_a_name_is_a_file_of_the_data_directory(private_data: Path) -> None:
    assert FileLocks().folder == private_data / "locks"
