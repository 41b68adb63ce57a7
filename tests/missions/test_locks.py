"""Locks of both kinds, by the same tests: files, and subscriptions to a real Valkey."""

import os
import subprocess
import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from missions.locks import (
    Holder,
    RunLock,
    ensure_held,
    pubsub,
    write_lock,
    write_locks,
    writer,
)
from parallagon.core.errors import LockError
from tests.missions.lock_holder import holding


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


def wait_until_free(mission: int) -> None:
    with write_lock(mission, timeout=30):
        pass
