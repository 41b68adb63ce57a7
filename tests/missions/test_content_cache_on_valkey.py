"""The cache of contents on a real server: kept, forgotten, damaged, killed, stopped."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as project

from missions import cache
from missions.cache import LARGEST_SHARED, CachedStore, size_of
from missions.content import TextContent
from missions.storage import BlobStore
from parallagon.core.cache import MemoryCache, SharedCache
from parallagon.settings import base
from tests.valkey import Valkey

pytestmark = pytest.mark.faults
CONTENT = b"A line that repeats.\n" * 100


def new_process() -> CachedStore:
    """Return the store as a process that has just been started has it, on the server."""
    memory: MemoryCache[TextContent] = MemoryCache(
        "contents", most_bytes=1_000_000, seconds=60, size_of=size_of
    )
    return CachedStore(memory, SharedCache("contents", largest=LARGEST_SHARED, pause=0))


def in_redis(valkey: Valkey) -> dict[bytes, int]:
    """Return key → seconds it will live."""
    with redis.Redis.from_url(valkey.url) as client:
        return {key: client.ttl(key) for key in client.scan_iter()}


@pytest.fixture
def valkey(settings: Any) -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory() as folder:
        server = Valkey(Path(folder))
        server.start()
        contents = {**base.CACHES["contents"], "LOCATION": server.url}
        settings.CACHES = {**project.CACHES, "contents": contents}
        yield server
        os.kill(server.process.pid, signal.SIGCONT)
        server.kill()


@pytest.fixture
def name(valkey: Valkey) -> str:
    """Return the hash of a content that is on disk and in Redis."""
    name = new_process().put(CONTENT)
    cache.background().wait()
    return name


class TestOnAServer:
    def test_it_keeps_the_bytes_that_lie_on_disk_for_a_while(
        self, valkey: Valkey, name: str
    ) -> None:
        [(key, seconds)] = in_redis(valkey).items()

        with redis.Redis.from_url(valkey.url) as client:
            assert client.get(key) == BlobStore().packed(name)
        assert 0 < seconds <= project.PARALLAGON_CACHE_SECONDS

    def test_it_serves_without_the_disk(self, valkey: Valkey, name: str) -> None:
        (BlobStore().root / name[:2] / name).unlink()

        assert new_process().get(name) == CONTENT

    def test_what_is_used_lives_on(self, valkey: Valkey, name: str) -> None:
        [key] = in_redis(valkey)
        with redis.Redis.from_url(valkey.url) as client:
            client.expire(key, 5)

        new_process().text(name)

        assert in_redis(valkey)[key] > 5

    def test_a_damaged_value_is_replaced(self, valkey: Valkey, name: str) -> None:
        [key] = in_redis(valkey)
        with redis.Redis.from_url(valkey.url) as client:
            client.set(key, b"\x80\x04damaged", keepttl=True)

            assert new_process().get(name) == CONTENT
            cache.background().wait()
            assert client.get(key) == BlobStore().packed(name)


class TestWithoutIt:
    def test_killed_and_started_again(self, valkey: Valkey, name: str) -> None:
        store = new_process()
        valkey.kill()
        assert store.get(name) == CONTENT
        assert store.text(store.put(b"written without it")).text == "written without it"

        valkey.start()
        other = new_process()
        assert other.get(name) == CONTENT  # from disk, and shared again
        cache.background().wait()
        assert len(in_redis(valkey)) == 1

    def test_one_that_hangs_is_asked_once(self, valkey: Valkey, name: str) -> None:
        names = [BlobStore().put(f"content {number}".encode()) for number in range(20)]
        valkey.process.send_signal(signal.SIGSTOP)
        shared = SharedCache("contents", largest=LARGEST_SHARED, clock=lambda: 1.0)
        store = CachedStore(
            MemoryCache("contents", most_bytes=1_000_000, seconds=60, size_of=size_of), shared
        )

        assert [store.text(name).text for name in names] == [f"content {n}" for n in range(20)]
        assert shared._silent_until == 6.0  # one failure, and silence since
