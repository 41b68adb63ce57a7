"""Locks of both kinds, by the same tests: files, and subscriptions to a real Valkey."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.utils import timezone, translation

from missions import locks
from missions.locks import (
    Holder,
    LockLost,
    LocksUnavailable,
    RunLock,
    ensure_held,
    forget_mission,
    forget_unused,
    pubsub,
    write_lock,
    write_locks,
    writer,
)
from missions.locks.files import FileLocks
from parallagon.core.errors import FileOperationError, LockError
from tests.missions.lock_holder import holding
from tests.valkey import Valkey


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory() as folder:
        valkey = Valkey(Path(folder))
        valkey.start()
        yield valkey
        valkey.kill()


@pytest.fixture
def on_files(settings: Any) -> None:
    settings.PARALLAGON_LOCKS = "file"


@pytest.fixture
def on_redis(settings: Any, server: Valkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """Use subscriptions; a busy machine must not make anyone look dead."""
    monkeypatch.setattr(pubsub, "DEAD_AFTER", 60.0)
    settings.PARALLAGON_LOCKS = "redis"
    settings.REDIS_URL = server.url
    settings.REDIS_PREFIX = f"test-{uuid4().hex[:8]}"
    yield server
    pubsub.client(server.url).close()


@pytest.fixture(params=["file", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    """Run the test with each kind of lock."""
    request.getfixturevalue("on_files" if request.param == "file" else "on_redis")
    return str(request.param)


@pytest.mark.usefixtures("kind")
class TestWriteLock:
    def test_excludes_other_threads(self) -> None:
        inside: list[int] = []
        most: list[int] = []

        def work() -> None:
            for _ in range(10):
                with write_lock(1, timeout=60):
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

    def test_waits_as_long_as_told(self) -> None:
        with holding(mission=1):
            started = time.monotonic()

            with pytest.raises(LockError), write_lock(1, timeout=0.2):
                pass

            assert time.monotonic() - started > 0.15

    def test_waits_as_long_as_the_installation_says(self, settings: Any) -> None:
        settings.PARALLAGON_LOCK_TIMEOUT = 0.0

        with write_lock(1), pytest.raises(LockError) as busy, write_lock(1):
            pass

        assert busy.value.details["waited"] < 30

    def test_is_free_after_kill_9(self) -> None:
        with holding(mission=1) as other:
            other.kill()

            with write_lock(1, timeout=30):
                pass

    def test_is_got_as_soon_as_it_is_given_back(self) -> None:
        with holding(mission=1) as other:
            threading.Timer(0.05, other.finish).start()

            with write_lock(1, timeout=30):
                assert other.process.wait(timeout=30) == 0

    def test_a_program_started_meanwhile_keeps_nothing(self) -> None:
        with write_lock(1):
            child = subprocess.Popen(["sleep", "60"], close_fds=False)
        try:
            with write_lock(1, timeout=0):
                pass
        finally:
            child.kill()
            child.wait()

    def test_is_counted_on_while_it_is_held(self) -> None:
        with holding(mission=1) as other, write_lock(2):
            ensure_held(2)

            assert other.ask() == "held"


@pytest.mark.usefixtures("kind")
class TestSeveral:
    def test_two_orders_never_wait_for_each_other(self) -> None:
        done: list[int] = []

        def work(ids: list[int]) -> None:
            for _ in range(5):
                with write_locks(ids, timeout=60):
                    done.append(1)

        threads = [
            threading.Thread(target=work, args=[ids]) for ids in ([1, 2, 3], [3, 2, 1], [2, 3, 2])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(done) == 15

    def test_holds_each_of_them(self) -> None:
        with write_locks([2, 1]):
            for mission in (1, 2):
                with pytest.raises(LockError), write_lock(mission, timeout=0):
                    pass

    def test_holds_all_or_none(self) -> None:
        with holding(mission=2):
            with pytest.raises(LockError) as busy, write_locks([1, 2, 3], timeout=0.1):
                pass

            assert busy.value.details["mission"] == 2
            with write_locks([1, 3], timeout=0):
                pass


@pytest.mark.usefixtures("kind")
class TestHolder:
    def test_says_who_has_it_and_since_when(self) -> None:
        before = timezone.now()
        with write_lock(1, purpose="a test"):
            found = writer(1)

        assert found is not None
        assert (found.process, found.host) == (os.getpid(), os.uname().nodename)
        assert found.purpose == "a test"
        assert before <= found.since <= timezone.now()

    def test_is_nobody_before_and_after(self) -> None:
        assert writer(1) is None
        with write_lock(1):
            pass
        assert writer(1) is None

    def test_is_nobody_after_kill_9(self) -> None:
        with holding(mission=1) as other:
            assert getattr(writer(1), "process", None) == other.pid
            other.kill()
            wait_until_free(1)

            assert writer(1) is None

    def test_is_told_to_whoever_waits(self) -> None:
        with holding(mission=1) as other:
            with pytest.raises(LockError) as busy, write_lock(1, timeout=0.05):
                pass

            assert busy.value.details["holder"]["process"] == other.pid
            assert busy.value.details["mission"] == 1
            assert f"process {other.pid} on {os.uname().nodename}" in busy.value.message

    def test_is_told_in_the_readers_language(self) -> None:
        with translation.override("fr"), write_lock(1), pytest.raises(LockError) as busy:  # noqa: SIM117
            with write_lock(1, timeout=0):
                pass

        assert "une modification, processus" in busy.value.message

    def test_of_a_run(self) -> None:
        run = uuid4()
        lock = RunLock(run)

        assert RunLock.holder(run) is None
        lock.acquire()
        found = RunLock.holder(run)
        lock.release()

        assert found is not None
        assert (found.process, found.purpose) == (os.getpid(), "a run")
        assert RunLock.holder(run) is None

    @pytest.mark.parametrize(
        "text",
        [
            "", "{", "[]", "1", "null", "\0" * 50, "[" * 100_000, '{"process": 1}',
            '{"process": "x", "host": "h", "purpose": "p", "since": "2026-01-01"}',
            '{"process": 1, "host": "h", "purpose": "p", "since": "soon"}',
        ],
        ids=range(10),
    )  # fmt: skip
    def test_that_is_not_one_is_nobody(self, text: str, kind: str, settings: Any) -> None:
        assert Holder.loads(text) is None
        with write_lock(1):
            if kind == "file":
                (settings.DATA_DIR / "locks" / "mission-1.lock").write_text(text)
            else:
                key = f"{settings.REDIS_PREFIX}.lock.mission-1.holder"
                pubsub.client(settings.REDIS_URL).set(key, text)

            assert writer(1) is None
            with pytest.raises(LockError) as busy, write_lock(1, timeout=0):
                pass

        assert busy.value.details["holder"] is None
        assert "are busy: tried for" in busy.value.message


@pytest.mark.usefixtures("kind")
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
        with holding(run=str(run)) as other:
            with pytest.raises(LockError, match="Another worker") as busy:
                RunLock(run).acquire()

            assert busy.value.details["holder"]["process"] == other.pid

    def test_may_be_given_back_twice_and_taken_again(self) -> None:
        lock = RunLock(uuid4())
        lock.release()
        for _ in range(2):
            lock.acquire()
            lock.release()
            lock.release()

    def test_is_free_after_kill_9(self) -> None:
        run = uuid4()
        with holding(run=str(run)) as other:
            assert not RunLock.is_free(run)
            other.kill()
            ends = time.monotonic() + 30
            while not RunLock.is_free(run):
                assert time.monotonic() < ends

    def test_of_a_finished_run_is_forgotten(self, settings: Any) -> None:
        run = uuid4()
        lock = RunLock(run)
        lock.acquire()

        assert not RunLock.forget(run)
        lock.release()
        assert RunLock.forget(run)
        assert RunLock.forget(run)
        assert list((settings.DATA_DIR / "locks").glob("run-*")) == []

    def test_names_are_runs_and_nothing_else(self) -> None:
        with pytest.raises(ValueError, match="badly formed"):
            RunLock("../x")


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


class TestSubscriptions:
    def test_are_not_certain(self, on_redis: Valkey) -> None:
        assert not locks.are_certain()

    def test_a_stopped_holder_loses_it_and_learns_that(
        self, on_redis: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pubsub, "DEAD_AFTER", 1.0)
        with holding(mission=1) as other:
            os.kill(other.pid, signal.SIGSTOP)
            with write_lock(1, timeout=30):
                os.kill(other.pid, signal.SIGCONT)
                ends = time.monotonic() + 30
                while other.ask() != "lost":
                    assert time.monotonic() < ends

    def test_one_held_for_too_long_is_not_counted_on(
        self, on_redis: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with write_lock(1):
            monkeypatch.setattr("missions.locks.writing.LONGEST_HOLD", -1.0)
            with pytest.raises(LockLost):
                ensure_held(1)

    def test_losing_one_interrupts_nobody(self, on_redis: Valkey) -> None:
        with write_lock(1):
            on_redis.ask("client kill type pubsub")
            assert loss_is_noticed(1)

        with write_lock(1, timeout=30):
            pass

    def test_an_installation_has_its_own(self, on_redis: Valkey, settings: Any) -> None:
        with write_lock(1):
            settings.REDIS_PREFIX = "another"
            with write_lock(1, timeout=0):
                pass
            settings.REDIS_PREFIX = "one"

    def test_a_server_that_is_down_is_said_at_once(self, settings: Any) -> None:
        settings.PARALLAGON_LOCKS = "redis"
        with tempfile.TemporaryDirectory() as folder:
            valkey = Valkey(Path(folder))
            valkey.start()
            settings.REDIS_URL = valkey.url
            with write_lock(1):
                valkey.kill()  # giving it back does not fail either
            with pytest.raises(LocksUnavailable, match="Redis does not answer"), write_lock(1):
                pass
            with pytest.raises(LocksUnavailable):
                RunLock(uuid4()).acquire()
            with pytest.raises(LocksUnavailable):
                RunLock.is_free(uuid4())
            assert writer(1) is None

            valkey.start()
            with write_lock(1):
                pass
            pubsub.client(valkey.url).close()
            valkey.kill()

    def test_nothing_is_left_of_them(self, on_redis: Valkey, settings: Any) -> None:
        run = uuid4()
        lock = RunLock(run)
        lock.acquire()
        assert not RunLock.forget(run)
        lock.release()

        assert RunLock.forget(run)
        assert forget_unused(before=timezone.now(), missions=()) == 0
        with redis.Redis.from_url(on_redis.url) as client:
            assert client.keys(f"{settings.REDIS_PREFIX}*") == []


def loss_is_noticed(mission: int) -> bool:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            ensure_held(mission)
        except LockLost:
            return True
    return False


def wait_until_free(mission: int) -> None:
    with write_lock(mission, timeout=30):
        pass


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
