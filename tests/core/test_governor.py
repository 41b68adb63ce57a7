"""One share for all processes, decided by one of them a second, on a real Valkey."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from prometheus_client import REGISTRY

from parallagon.core.limits.governor import Governor
from parallagon.core.limits.pressure import STEPS, Policy
from tests.valkey import Valkey


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_governor(valkey: Valkey, clock: Clock) -> Governor:
    client = redis.Redis.from_url(valkey.url, socket_timeout=5)
    return Governor(client, prefix="test", policy=Policy(), clock=clock)


def next_second(valkey: Valkey, clock: Clock) -> None:
    """Let a second pass, here and for the turn that Valkey keeps."""
    clock.now += 1
    with redis.Redis.from_url(valkey.url) as client:
        client.delete("test.limits.turn")


def note_slow_answers(governor: Governor, count: int = 20) -> None:
    for _ in range(count):
        governor.note(3.0, has_failed=False)


class TestProcessesTogether:
    def test_have_one_share_whoever_was_slow(self, valkey: Valkey, clock: Clock) -> None:
        busy, other = make_governor(valkey, clock), make_governor(valkey, clock)
        note_slow_answers(busy)
        other.note(0.01, has_failed=False)

        busy.step()
        other.step()

        assert busy.share == other.share < 1

    def test_are_tightened_once_a_second_however_many_they_are(
        self, valkey: Valkey, clock: Clock
    ) -> None:
        many = [make_governor(valkey, clock) for _ in range(10)]
        for one in many:
            note_slow_answers(one)

        for one in many:
            one.step()

        assert {one.share for one in many} == {0.7}

    def test_add_up_what_they_saw(self, valkey: Valkey, clock: Clock) -> None:
        """Four slow answers say nothing of a server, three times four do."""
        many = [make_governor(valkey, clock) for _ in range(3)]
        for one in many:
            note_slow_answers(one, 4)
            one.step()

        next_second(valkey, clock)
        for one in many:
            one.step()

        assert {one.share for one in many} == {0.7}

    def test_relax_after_it_is_over(self, valkey: Valkey, clock: Clock) -> None:
        governor = make_governor(valkey, clock)
        note_slow_answers(governor)
        governor.step()

        for _ in range(8 * STEPS):
            next_second(valkey, clock)
            governor.step()

        assert governor.share == 1


class TestWithoutRedis:
    def test_decides_alone_and_says_so(self, valkey: Valkey, clock: Clock) -> None:
        governor = make_governor(valkey, clock)
        valkey.kill()
        note_slow_answers(governor)

        governor.step()

        assert governor.share < 1
        assert REGISTRY.get_sample_value("parallagon_limits_shared") == 0

    def test_shares_again_when_it_is_back(self, valkey: Valkey, clock: Clock) -> None:
        governor = make_governor(valkey, clock)
        valkey.kill()
        note_slow_answers(governor)
        governor.step()

        valkey.start()
        note_slow_answers(governor)
        governor.step()

        assert REGISTRY.get_sample_value("parallagon_limits_shared") == 1

    def test_survives_what_it_cannot_read(self, valkey: Valkey, clock: Clock) -> None:
        with redis.Redis.from_url(valkey.url) as client:
            client.set("test.limits.ease", '{"share": 0.5, "novel": 1}')
        governor = make_governor(valkey, clock)
        note_slow_answers(governor)

        governor.step()

        assert governor.share < 1


class TestIdleProcess:
    def test_leaves_redis_alone(self, valkey: Valkey, clock: Clock) -> None:
        governor = make_governor(valkey, clock)

        governor.step()

        with redis.Redis.from_url(valkey.url) as client:
            assert client.dbsize() == 0
