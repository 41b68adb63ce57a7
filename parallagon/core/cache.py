"""Two levels of cache for values that never change: this process's memory, and Redis for all.

A key stands for one value for ever (it is a hash of it), so nothing here can be stale and nothing
is ever invalidated: what is no longer asked for is forgotten. Both levels only save time; without
them every read still has its answer.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Full, Queue
from typing import Any, Generic, TypeVar

import redis
from cachetools import TTLCache
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django_redis.serializers.base import BaseSerializer
from prometheus_client import Counter, Gauge

logger = logging.getLogger(__name__)
Value = TypeVar("Value")
Answer = TypeVar("Answer")

READS = Counter(
    "parallagon_cache_reads", "Questions to a level of a cache.", ["cache", "level", "result"]
)
SERVED = Counter("parallagon_cache_served_bytes", "Bytes a level served.", ["cache", "level"])
EVICTIONS = Counter("parallagon_cache_evictions", "Values dropped to make room.", ["cache"])
FAULTS = Counter(
    "parallagon_cache_faults", "Failures and damaged values of a level.", ["cache", "level"]
)
HELD = Gauge(
    "parallagon_cache_held_bytes",
    "Bytes in the memory of the living processes.",
    ["cache"],
    multiprocess_mode="livesum",
)


class Level:
    """What one level of a cache counts for Prometheus."""

    def __init__(self, cache: str, level: str) -> None:
        self._hits = READS.labels(cache, level, "hit")
        self._misses = READS.labels(cache, level, "miss")
        self._bytes = SERVED.labels(cache, level)
        self._faults = FAULTS.labels(cache, level)

    def hit(self, size: int) -> None:
        self._hits.inc()
        self._bytes.inc(size)

    def miss(self) -> None:
        self._misses.inc()

    def fault(self) -> None:
        self._faults.inc()


class MemoryCache(Generic[Value]):
    """The values used last, at most ``most_bytes`` of them, each for ``seconds``; thread-safe.

    Threads that miss the same key at once wait for one of them to load it.
    """

    def __init__(
        self,
        name: str,
        *,
        most_bytes: int,
        seconds: float,
        size_of: Callable[[Value], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._values = _Counted(
            most_bytes, seconds, clock, getsizeof=size_of, evictions=EVICTIONS.labels(name)
        )
        self._size_of = size_of
        self._lock = threading.Lock()
        self._flights: dict[str, Future[Value]] = {}
        self._level = Level(name, "memory")
        self._held = HELD.labels(name)

    @property
    def held_bytes(self) -> int:
        with self._lock:
            return int(self._values.currsize)

    def __contains__(self, key: str) -> bool:
        """Tell whether a value is here, without counting it as used."""
        with self._lock:
            return key in self._values

    def get(self, key: str, load: Callable[[], Value]) -> Value:
        """Return the value of ``key``, from ``load`` if it is not here.

        What ``load`` raises is raised in every thread that waits for it.
        """
        with self._lock:
            value: Value | None = self._values.get(key)
            flight = self._flights.get(key)
            is_first = value is None and flight is None
            if is_first:
                flight = self._flights[key] = Future()
        if is_first and flight:
            self._level.miss()
            return self._load(key, load, flight)
        if value is None and flight:
            value = flight.result()
        assert value is not None  # noqa: S101 - for the types: one of the two is there
        self._level.hit(self._size_of(value))
        return value

    def put(self, key: str, value: Value) -> None:
        """Keep a value; one that is larger than everything that may be kept is not."""
        with self._lock:
            if self._size_of(value) <= self._values.maxsize:
                self._values[key] = value
            self._held.set(self._values.currsize)

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._held.set(0)

    def _load(self, key: str, load: Callable[[], Value], flight: "Future[Value]") -> Value:
        try:
            value = load()
            self.put(key, value)
        except BaseException as error:
            self._land(key)
            flight.set_exception(error)
            raise
        self._land(key)
        flight.set_result(value)
        return value

    def _land(self, key: str) -> None:
        with self._lock:
            del self._flights[key]


class _Counted(TTLCache[str, Any]):
    """Counts what is dropped to make room."""

    def __init__(self, *limits: Any, evictions: Counter, getsizeof: Callable[[Any], int]) -> None:
        super().__init__(*limits, getsizeof=getsizeof)
        self._evictions = evictions

    def popitem(self) -> tuple[str, Any]:
        self._evictions.inc()
        return super().popitem()


class SharedCache:
    """Bytes in one of Django's caches: it may fail or forget, and never breaks a read.

    After a failure it is left alone for ``pause`` seconds, so that a Redis that hangs costs one
    timeout and not one a read. What it returns may be damaged: whoever asks must check.
    """

    def __init__(
        self,
        name: str,
        *,
        largest: int,
        pause: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache: BaseCache = caches.create_connection(name)
        self._name = name
        self._largest = largest
        self._pause = pause
        self._clock = clock
        self._silent_until = 0.0
        self.level = Level(name, "redis")

    def get(self, key: str) -> bytes | None:
        """Return the bytes of ``key`` and keep them for longer; ``None`` if they are not there."""
        value = self._ask(lambda: self._cache.get(key))
        if isinstance(value, bytes):
            self._ask(lambda: self._cache.touch(key))
            return value
        return None

    def put(self, key: str, value: bytes) -> None:
        """Keep bytes for a while, unless there are too many of them."""
        if len(value) <= self._largest:
            self._ask(lambda: self._cache.set(key, value))

    def remove(self, key: str) -> None:
        self._ask(lambda: self._cache.delete(key))

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        if self._clock() < self._silent_until:
            return None
        try:
            return question()
        except (redis.RedisError, OSError) as error:
            self._silent_until = self._clock() + self._pause
            self.level.fault()
            logger.info("the cache %s is left alone for %g s: %s", self._name, self._pause, error)
            return None


class RawBytes(BaseSerializer):
    """Keeps bytes in Redis as they are: nothing that comes back is unpickled."""

    def dumps(self, value: Any) -> bytes:
        return bytes(value)

    def loads(self, value: bytes) -> bytes:
        return value


class Background:
    """Does small work one after the other in a thread; never delays or breaks who hands it over.

    When more than ``most`` pieces wait, further ones are dropped: whatever is done here only saves
    time later.
    """

    def __init__(self, name: str, *, most: int) -> None:
        self._name = name
        self._work: Queue[Callable[[], object]] = Queue(most)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def hand_over(self, work: Callable[[], object]) -> bool:
        """Queue ``work``; return whether there was room for it."""
        try:
            self._work.put_nowait(work)
        except Full:
            return False
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        return True

    def wait(self) -> None:
        """Return when everything handed over so far is done."""
        self._work.join()

    def _run(self) -> None:
        while True:
            work = self._work.get()
            try:
                work()
            except Exception as error:
                logger.warning("work in the background failed (%s): %s", self._name, error)
            finally:
                self._work.task_done()
