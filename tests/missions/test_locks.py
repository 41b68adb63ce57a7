import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from missions.locks import RunLock, write_lock
from parallagon.core.errors import FileOperationError, LockError

HOLDER = """
import sys, time, portalocker
lock = portalocker.Lock(sys.argv[1], "a", flags=portalocker.LOCK_EX | portalocker.LOCK_NB)
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def held_elsewhere(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock file in another process."""
    file.parent.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


class TestWriteLock:
    def test_excludes_other_threads(self) -> None:
        inside: list[int] = []
        most: list[int] = []

        def work() -> None:
            for _ in range(10):
                with write_lock(1, timeout=5):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.001)
                    inside.pop()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(most) == 40
        assert max(most) == 1

    def test_is_reentrant_for_nobody(self) -> None:
        with write_lock(1), pytest.raises(LockError), write_lock(1, timeout=0.02):
            pass

    def test_missions_do_not_wait_for_each_other(self) -> None:
        with write_lock(1), write_lock(2, timeout=0):
            pass

    def test_is_freed_when_the_block_raises(self) -> None:
        with pytest.raises(ZeroDivisionError), write_lock(1):
            raise ZeroDivisionError

        with write_lock(1, timeout=0):
            pass

    def test_waits_as_long_as_told(self, private_data: Path) -> None:
        with held_elsewhere(private_data / "locks" / "mission-1.lock"):
            started = time.monotonic()

            with pytest.raises(LockError), write_lock(1, timeout=0.2):
                pass

            assert 0.15 < time.monotonic() - started < 1

    def test_is_free_after_kill_9(self, private_data: Path) -> None:
        with held_elsewhere(private_data / "locks" / "mission-1.lock") as holder:
            holder.kill()
            holder.wait()

            with write_lock(1, timeout=0.5):
                pass

    def test_a_program_started_meanwhile_keeps_nothing(self) -> None:
        with write_lock(1):
            child = subprocess.Popen(["sleep", "60"], close_fds=False)
        try:
            with write_lock(1, timeout=0):
                pass
        finally:
            child.kill()
            child.wait()

    def test_a_folder_that_cannot_be_used_is_no_busy_lock(self, private_data: Path) -> None:
        (private_data / "locks").write_text("not a folder")

        with pytest.raises(FileOperationError, match="locks cannot be used"), write_lock(1):
            pass


class TestRunLock:
    def test_tells_who_is_alive(self) -> None:
        run = uuid4()
        lock = RunLock(run)

        assert RunLock.is_free(run)
        lock.acquire()
        assert not RunLock.is_free(run)
        lock.release()
        assert RunLock.is_free(run)

    def test_is_held_once(self) -> None:
        run = uuid4()
        holder = RunLock(run)
        holder.acquire()

        with pytest.raises(LockError):
            RunLock(run).acquire()

        holder.release()

    def test_is_free_after_kill_9(self, private_data: Path) -> None:
        run = uuid4()
        with held_elsewhere(private_data / "locks" / f"run-{run}.lock") as holder:
            assert not RunLock.is_free(run)
            holder.kill()
            holder.wait()

            assert RunLock.is_free(run)

    def test_the_file_of_a_finished_run_is_forgotten(self, private_data: Path) -> None:
        run = uuid4()
        lock = RunLock(run)
        lock.acquire()

        assert not RunLock.forget(run)
        lock.release()
        assert RunLock.forget(run)
        assert list((private_data / "locks").glob("run-*")) == []

    def test_names_are_runs_and_nothing_else(self) -> None:
        with pytest.raises(ValueError, match="badly formed"):
            RunLock("../x")
