"""What is particular to locks that are subscriptions."""

import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.utils import timezone

from missions import locks
from missions.locks import (
    LockLost,
    LocksUnavailable,
    RunLock,
    ensure_held,
    forget_unused,
    pubsub,
    write_lock,
    writer,
)
from tests.missions.lock_holder import holding
from tests.valkey import Valkey


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
