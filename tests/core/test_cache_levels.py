"""A bounded memory, a shared level that may fail, and work in the background."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from parallagon.core.cache import Background, MemoryCache, RawBytes, SharedCache

_numbers = count()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_memory(
    most_bytes: int = 10, seconds: float = 60, clock: Callable[[], float] = time.monotonic
) -> MemoryCache[str]:
    """Return a cache of words with counters of its own."""
    name = f"words-{next(_numbers)}"
    cache: MemoryCache[str] = MemoryCache(
        name, most_bytes=most_bytes, seconds=seconds, size_of=len, clock=clock
    )
    cache.name = name  # type: ignore[attr-defined] # for the counters
    return cache


def counted(cache: MemoryCache[str], measure: str, **labels: str) -> float:
    labels = {"cache": cache.name, **labels}  # type: ignore[attr-defined]
    return REGISTRY.get_sample_value(f"parallagon_cache_{measure}", labels) or 0


def refuse() -> str:
    pytest.fail("it was loaded again")


class TestMemory:
    def test_loads_once(self) -> None:
        memory = make_memory()

        assert memory.get("a", lambda: "one") == "one"
        assert memory.get("a", refuse) == "one"
        assert counted(memory, "reads_total", level="memory", result="miss") == 1
        assert counted(memory, "reads_total", level="memory", result="hit") == 1
        assert counted(memory, "served_bytes_total", level="memory") == 3

    def test_drops_what_was_used_least_lately(self) -> None:
        memory = make_memory(most_bytes=10)
        for key in "ab":
            memory.put(key, "12345")
        memory.get("a", refuse)

        memory.put("c", "12345")

        assert [key in memory for key in "abc"] == [True, False, True]
        assert counted(memory, "evictions_total") == 1
        assert counted(memory, "held_bytes") == memory.held_bytes == 10

    def test_serves_what_is_too_large_to_keep(self) -> None:
        memory = make_memory(most_bytes=3)

        assert memory.get("a", lambda: "12345") == "12345"
        assert "a" not in memory

    def test_forgets_after_a_while(self, clock: Clock) -> None:
        memory = make_memory(seconds=60, clock=clock)
        memory.put("a", "one")
        clock.now = 61

        assert memory.get("a", lambda: "again") == "again"

    def test_an_empty_value_is_a_value(self) -> None:
        memory = make_memory()
        memory.put("a", "")

        assert memory.get("a", refuse) == ""

    @given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 12))))
    def test_never_holds_more_than_it_may(self, puts: list[tuple[str, int]]) -> None:
        memory = make_memory(most_bytes=10)
        for key, size in puts:
            memory.put(key, "x" * size)
            assert memory.held_bytes <= 10


class TestManyThreads:
    def test_one_loads_for_all(self) -> None:
        memory, loads = make_memory(), []
        all_ask, may_answer = threading.Barrier(9), threading.Event()

        def load() -> str:
            loads.append(1)
            may_answer.wait(10)
            return "one"

        def ask() -> str:
            all_ask.wait(10)
            return memory.get("a", load)

        with ThreadPoolExecutor(8) as threads:
            answers = [threads.submit(ask) for _ in range(8)]
            all_ask.wait(10)
            may_answer.set()
            assert [answer.result(10) for answer in answers] == ["one"] * 8
        assert len(loads) == 1

    def test_a_failure_is_everyones_and_not_kept(self) -> None:
        memory = make_memory()

        def fail() -> str:
            raise LookupError

        with pytest.raises(LookupError):
            memory.get("a", fail)
        assert memory.get("a", lambda: "one") == "one"


class Failing:
    """Stands for Redis: counts the questions and refuses them all."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.questions = 0

    def get(self, _key: str) -> object:
        self.questions += 1
        raise self.error

    set = get


class TestShared:
    @pytest.mark.parametrize(
        "error", [redis.ConnectionError(), redis.TimeoutError(), redis.ResponseError(), OSError()]
    )
    def test_is_left_alone_for_a_while_after_a_failure(
        self, error: Exception, clock: Clock
    ) -> None:
        shared = SharedCache("contents", largest=10, pause=5, clock=clock)
        shared._cache = failing = Failing(error)  # type: ignore[assignment]
        clock.now = 1

        assert [shared.get("a") for _ in range(3)] == [None] * 3
        assert failing.questions == 1

        clock.now = 7
        assert shared.get("a") is None
        assert failing.questions == 2

    def test_refuses_what_is_too_large(self) -> None:
        shared = SharedCache("contents", largest=3)
        shared.put("large", b"1234")
        shared.put("small", b"123")

        assert shared.get("large") is None
        assert shared.get("small") == b"123"

    def test_believes_only_in_bytes(self) -> None:
        shared = SharedCache("contents", largest=10)
        shared._cache.set("a", 42)

        assert shared.get("a") is None

    def test_keeps_bytes_as_they_are(self) -> None:
        assert RawBytes({}).loads(RawBytes({}).dumps(b"\x80\x04.")) == b"\x80\x04."


@pytest.fixture
def busy() -> Iterator[tuple[Background, threading.Event]]:
    """Return a background that is at work until the event is set, with room for one more."""
    background, end, begun = Background("test", most=1), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        end.wait(10)

    background.hand_over(work)
    begun.wait(10)
    yield background, end
    end.set()


class TestBackground:
    def test_drops_what_there_is_no_room_for(
        self, busy: tuple[Background, threading.Event]
    ) -> None:
        background, end = busy
        done: list[int] = []

        taken = [background.hand_over(partial(done.append, number)) for number in (1, 2)]
        end.set()
        background.wait()

        assert taken == [True, False]
        assert done == [1]

    def test_goes_on_after_a_failure(self) -> None:
        background, done = Background("test", most=9), threading.Event()

        background.hand_over(lambda: 1 / 0)
        background.hand_over(done.set)
        background.wait()

        assert done.is_set()
