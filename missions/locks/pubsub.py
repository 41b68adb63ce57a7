"""Locks that are subscriptions to Redis, for several hosts (portalocker's ``RedisLock``).

Whoever is subscribed has the lock, so it dies with its holder's connection. But a holder that is
stopped for a second is taken for dead and loses its lock without noticing, so nothing may rest on
it alone. It needs one Redis server: no cluster, no replicas.
"""

import contextlib
import logging
import time
from datetime import datetime
from functools import cache

import redis
from django.conf import settings
from portalocker import RedisLock
from portalocker.exceptions import AlreadyLocked, LockException

from missions.locks.backend import LockLost, LocksUnavailable
from missions.locks.holder import Holder

logger = logging.getLogger(__name__)

DEAD_AFTER = 1.0  # seconds without an answer after which a contender takes a holder for dead
_CHECK_SECONDS = 0.02
_BRIEF_SECONDS = 0.005  # how long giving a lock back waits for its thread …
_LONG_SECONDS = 0.1  # … which wakes up that often while it is held
_FACTS_SECONDS = 24 * 3600


@cache
def client(url: str) -> "redis.Redis":
    """Return this process's connections for commands; a forked child opens its own."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        health_check_interval=10,
        socket_connect_timeout=2,
        socket_timeout=5,
    )


class HeldSubscription:
    """A lock that this process has, unless someone took it for dead."""

    def __init__(self, lock: RedisLock, facts: str) -> None:
        self._lock = lock
        self._facts = facts
        self._since = time.monotonic()

    def ensure(self, *, for_at_most: float) -> None:
        if self._lock.lost or time.monotonic() - self._since > for_at_most:
            raise LockLost("The lock was lost: this process was stopped for too long.")

    def release(self) -> None:
        with contextlib.suppress(redis.RedisError, OSError):
            if not self._lock.lost:  # else the facts are another's already
                client(settings.REDIS_URL).delete(self._facts)
        try:
            self._lock.release()
        except (redis.RedisError, LockException, OSError) as error:
            logger.info("a lock was given back to a Redis that does not answer: %s", error)


class RedisLocks:
    """Locks by subscriptions."""

    is_certain = False

    def acquire(
        self, name: str, purpose: str, *, timeout: float, is_brief: bool
    ) -> HeldSubscription:
        self._require_server()  # else it would be asked, and its silence logged, until the timeout
        lock = RedisLock(
            self._channel(name),
            connection=client(settings.REDIS_URL),
            timeout=timeout,
            check_interval=_CHECK_SECONDS,
            fail_when_locked=timeout <= 0,
            thread_sleep_time=_BRIEF_SECONDS if is_brief else _LONG_SECONDS,
            unavailable_timeout=DEAD_AFTER,
            interrupt_on_lost=False,
        )
        try:
            lock.acquire()
        except AlreadyLocked:
            self._require_server()  # one that went down meanwhile looks the same
            raise
        except (LockException, redis.RedisError) as error:
            raise _unavailable(error) from error
        held = HeldSubscription(lock, self._facts(name))
        with contextlib.suppress(redis.RedisError):
            facts = Holder.this(purpose).dumps()
            client(settings.REDIS_URL).set(self._facts(name), facts, ex=_FACTS_SECONDS)
        return held

    def holder(self, name: str) -> Holder | None:
        try:
            if self.is_free(name):
                return None
            return Holder.loads(client(settings.REDIS_URL).get(self._facts(name)))
        except (LocksUnavailable, redis.RedisError):
            return None

    def is_free(self, name: str) -> bool:
        try:
            found = client(settings.REDIS_URL).pubsub_numsub(self._channel(name))
        except redis.RedisError as error:
            raise _unavailable(error) from error
        return not any(count for _channel, count in found)

    def forget(self, name: str) -> bool:
        if not self.is_free(name):
            return False
        with contextlib.suppress(redis.RedisError):
            client(settings.REDIS_URL).delete(self._facts(name))
        return True

    def names(self, *, before: datetime) -> list[str]:
        return []  # a subscription leaves nothing, and the facts expire

    @staticmethod
    def _channel(name: str) -> str:
        return f"{settings.REDIS_PREFIX}.lock.{name}"

    def _facts(self, name: str) -> str:
        return f"{self._channel(name)}.holder"

    @staticmethod
    def _require_server() -> None:
        try:
            client(settings.REDIS_URL).ping()
        except redis.RedisError as error:
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> LocksUnavailable:
    return LocksUnavailable(f"The locks cannot be used: Redis does not answer ({error}).")
