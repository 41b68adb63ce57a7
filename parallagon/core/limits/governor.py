"""The share of its rate that everybody gets, decided once a second for all processes together.

Each server process counts its answers and adds them to those of that second in Redis. Whoever
comes first in a second decides for all, from the counts of the last five; the others read. Without
Redis each process decides alone, from its own counts, and says so in ``/metrics``.
"""

import functools
import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final, cast

import redis
from django.conf import settings
from prometheus_client import Gauge

from parallagon.core.limits.pressure import (
    FAILED,
    STEPS,
    Ease,
    Policy,
    eased,
    place_of,
    pressure_of,
)

logger = logging.getLogger(__name__)
EVERY: Final = 1.0
_TURN: Final = 950  # milliseconds
_KEPT: Final = 30
_WAIT: Final = 0.5

SHARE = Gauge(
    "parallagon_limits_share",
    "The share of its rate limits that everybody gets at the moment.",
    multiprocess_mode="mostrecent",
)
SHARED = Gauge(
    "parallagon_limits_shared",
    "Whether limits are decided together (1) or, without Redis, by each process alone (0).",
    multiprocess_mode="mostrecent",
)
P95 = Gauge(
    "parallagon_limits_p95_seconds",
    "95 of 100 answers of the last seconds began within this time.",
    multiprocess_mode="mostrecent",
)


class Governor:
    """Notes how answers went, and knows the share; its thread is the only one that waits."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        prefix: str,
        policy: Policy,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = client
        self._prefix = f"{prefix}.limits"
        self._policy = policy
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._own: deque[Counter[int]] = deque(maxlen=STEPS)
        self._ease = Ease()
        self._is_shared = True
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    @property
    def share(self) -> float:
        """Return what part of its rate everybody gets."""
        return self._ease.share

    def note(self, seconds: float, *, has_failed: bool) -> None:
        """Count an answer that began after so many seconds."""
        with self._lock:
            self._counts[place_of(seconds)] += 1
            self._counts[FAILED] += has_failed

    def start(self) -> None:
        """Decide once a second from now on, in a thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_on, name="governor", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def step(self) -> None:
        """Tell what was counted; decide for all, or learn what was decided."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        self._own.append(counts)
        if not any(self._own) and self._ease.share == 1:
            return  # nothing happens here, and what others decide will be known in time
        try:
            self._ease = self._step_together(counts)
            self._found(is_shared=True)
        except (redis.RedisError, ValueError, TypeError) as error:
            self._ease = self._decided(pressure_of(self._own), self._ease)
            self._found(is_shared=False, why=error)
        SHARE.set(self._ease.share)

    def _step_together(self, counts: Counter[int]) -> Ease:
        second = int(self._clock())
        pipe = self._redis.pipeline(transaction=False)
        for place, count in counts.items():
            pipe.hincrby(self._key(second), str(place), count)
        pipe.expire(self._key(second), _KEPT)
        pipe.set(f"{self._prefix}.turn", "1", nx=True, px=_TURN)
        pipe.get(f"{self._prefix}.ease")
        *_told, is_ours, found = pipe.execute()
        ease = Ease(**json.loads(found)) if found else Ease()
        return self._decide_for_all(ease, second) if is_ours else ease

    def _decide_for_all(self, ease: Ease, second: int) -> Ease:
        pipe = self._redis.pipeline(transaction=False)
        for one in range(second - STEPS + 1, second + 1):
            pipe.hgetall(self._key(one))
        told = cast("list[dict[bytes, bytes]]", pipe.execute())
        seconds = [{int(place): int(count) for place, count in one.items()} for one in told]
        decided = self._decided(pressure_of(seconds), ease)
        self._redis.set(f"{self._prefix}.ease", json.dumps(asdict(decided)), ex=_KEPT)
        return decided

    def _decided(self, pressure: Any, ease: Ease) -> Ease:
        P95.set(pressure.p95)
        decided = eased(ease, pressure, self._policy)
        if decided.share != ease.share:
            logger.info(
                "everybody gets %.2f of their rate limits: %d answers, p95 %.2f s, %d failed",
                decided.share,
                pressure.count,
                pressure.p95,
                pressure.failed,
            )
        return decided

    def _found(self, *, is_shared: bool, why: Exception | None = None) -> None:
        SHARED.set(is_shared)
        if is_shared != self._is_shared:
            self._is_shared = is_shared
            logger.warning("rate limits are %s", "shared again" if is_shared else f"alone: {why}")

    def _key(self, second: int) -> str:
        return f"{self._prefix}.{second}"

    def _keep_on(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                self.step()
            except Exception:
                logger.exception("the rate limits were not reviewed")


@functools.cache
def governor() -> Governor:
    """Return this process's; it has the whole share until it is started."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_WAIT, socket_connect_timeout=_WAIT
    )
    policy = Policy(
        slow=settings.RATE_LIMITS_SLOW_MS / 1000, least=settings.RATE_LIMITS_LEAST_PERCENT / 100
    )
    return Governor(client, prefix=settings.REDIS_PREFIX, policy=policy)
