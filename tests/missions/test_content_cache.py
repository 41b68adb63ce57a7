"""Contents from memory, from Redis (here: a cache of Django's) and from disk, each checked."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from django.core.cache import caches
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from missions import cache
from missions.cache import CachedStore, size_of
from missions.content import TextContent, decode, encode
from missions.storage import BlobStore, sha256
from parallagon.core.cache import MemoryCache, SharedCache
from parallagon.core.errors import FileOperationError

_numbers = count()


def fresh_memory(most_bytes: int = 1_000_000) -> MemoryCache[TextContent]:
    return MemoryCache(f"test-{next(_numbers)}", most_bytes=most_bytes, seconds=60, size_of=size_of)


@pytest.fixture
def store() -> Iterator[CachedStore]:
    """Return a store as in a process that has just been started."""
    caches["contents"].clear()
    yield CachedStore(fresh_memory())
    cache.background().wait()


def restarted(store: CachedStore) -> CachedStore:
    """Return the store as another process sees it, once Redis has what was written."""
    cache.background().wait()
    return CachedStore(fresh_memory())


class Reads:
    """How many reads each level answered since this was made."""

    def __init__(self) -> None:
        self._before = self._all()

    @staticmethod
    def _all() -> dict[str, float]:
        def value(measure: str, **labels: str) -> float:
            name = f"parallagon_cache_{measure}_total"
            return REGISTRY.get_sample_value(name, {"cache": "contents", **labels}) or 0

        return {
            "redis": value("reads", level="redis", result="hit"),
            "disk": value("reads", level="disk", result="hit"),
            "redis faults": value("faults", level="redis"),
            "disk faults": value("faults", level="disk"),
        }

    def __call__(self) -> dict[str, float]:
        """Return what is more than it was."""
        now = self._all()
        return {
            name: now[name] - self._before[name] for name in now if now[name] > self._before[name]
        }


@pytest.fixture
def reads(store: CachedStore) -> Reads:
    return Reads()


class TestReading:
    def test_what_was_written_here_is_at_hand(self, store: CachedStore, reads: Reads) -> None:
        name = store.put(b"one\r\n")

        assert store.text(name).text == "one\n"
        assert store.get(name) == b"one\r\n"
        assert reads() == {}

    def test_another_process_has_it_from_redis(self, store: CachedStore, reads: Reads) -> None:
        name = store.put(b"one")
        other = restarted(store)

        assert [other.text(name).text for _ in range(3)] == ["one"] * 3
        assert reads() == {"redis": 1}

    def test_what_redis_forgot_is_read_from_disk_and_shared_again(
        self, store: CachedStore, reads: Reads
    ) -> None:
        name = BlobStore().put(b"one")

        assert restarted(store).text(name).text == "one"
        assert restarted(store).text(name).text == "one"
        assert reads() == {"disk": 1, "redis": 1}

    def test_redis_has_what_lies_on_disk(self, store: CachedStore) -> None:
        name = store.put(b"one " * 1000)
        cache.background().wait()

        assert caches["contents"].get(name) == store.packed(name)

    def test_what_is_nowhere_is_an_error(self, store: CachedStore, reads: Reads) -> None:
        for _ in range(2):
            with pytest.raises(FileOperationError):
                store.text(sha256(b"never written"))
        assert reads() == {"disk faults": 2}

    @given(st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "replace").encode()))
    def test_bytes_come_back_as_they_were(self, content: bytes) -> None:
        decoded = decode(content)

        assert encode(decoded.text, like=decoded) == content


def flipped(packed: bytes) -> bytes:
    return packed[:-1] + bytes([packed[-1] ^ 1])


DAMAGE: dict[str, Callable[[CachedStore, str], Any]] = {
    "a flipped bit": lambda store, name: flipped(store.packed(name)),
    "cut short": lambda store, name: store.packed(name)[:-3],
    "empty": lambda store, name: b"",
    "not compressed": lambda store, name: b"one " * 100,
    "another content": lambda store, name: store.packed(store.put(b"another")),
    "a size that no memory has": lambda store, name: bytes.fromhex("28b52ffde0") + b"\xff" * 20,
}


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_damaged_value_in_redis_is_never_served(
        self, store: CachedStore, reads: Reads, damage: str
    ) -> None:
        name = store.put(b"one " * 100)
        value = DAMAGE[damage](store, name)
        other = restarted(store)
        caches["contents"].set(name, value)

        assert other.get(name) == b"one " * 100
        assert reads() == {"redis faults": 1, "disk": 1}
        cache.background().wait()
        assert caches["contents"].get(name) == store.packed(name)

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_nor_is_one_on_disk(self, store: CachedStore, damage: str) -> None:
        name = store.put(b"one " * 100)
        value = DAMAGE[damage](store, name)
        other = restarted(store)
        caches["contents"].clear()
        (store.root / name[:2] / name).write_bytes(value)

        with pytest.raises(FileOperationError):
            other.text(name)
        cache.background().wait()
        assert caches["contents"].get(name) is None


class TestWarming:
    def test_reads_ahead_of_the_reader(self, store: CachedStore) -> None:
        names = [BlobStore().put(text.encode()) for text in ("one", "two")]
        memory = fresh_memory()

        CachedStore(memory).warm(names)
        cache.background().wait()

        assert all(name in memory for name in names)

    def test_stops_when_half_of_the_memory_is_new(self, store: CachedStore, settings: Any) -> None:
        names = [BlobStore().put(f"{number} of five".encode()) for number in range(5)]
        settings.PARALLAGON_CACHE_BYTES = 2 * 2 * size_of(decode(b"n of five"))
        memory = fresh_memory()

        CachedStore(memory).warm(names)
        cache.background().wait()

        assert [name in memory for name in names] == [True, True, False, False, False]

    def test_what_is_warm_costs_nothing(self, store: CachedStore, reads: Reads) -> None:
        name = store.put(b"one")
        (store.root / name[:2] / name).unlink()

        store.warm([name])
        cache.background().wait()

        assert reads() == {}

    def test_what_cannot_be_read_is_somebody_elses_error(self, store: CachedStore) -> None:
        missing, there = sha256(b"missing"), BlobStore().put(b"there")
        memory = fresh_memory()

        CachedStore(memory).warm([missing, there])
        cache.background().wait()

        assert [name in memory for name in (missing, there)] == [False, True]


class TestBounds:
    def test_what_is_too_large_for_redis_is_served_all_the_same(self, store: CachedStore) -> None:
        small = CachedStore(fresh_memory(), SharedCache("contents", largest=5))
        name = small.put(b"larger than five bytes")
        cache.background().wait()

        assert small.text(name).text == "larger than five bytes"

    def test_without_memory_everything_works(self, store: CachedStore) -> None:
        name = store.put(b"one")

        assert CachedStore(fresh_memory(most_bytes=0)).text(name).text == "one"
