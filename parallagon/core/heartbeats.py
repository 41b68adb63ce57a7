"""Heartbeats: which of the processes behind the web have been heard of lately.

Workers and the clock say that they live every few seconds; whoever asks goes by Redis' clock, so
that hosts need not agree on the time. Nobody's work depends on it: what cannot be said is not said.
"""

import functools
import logging
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

import redis
from celery import signals
from django.conf import settings

logger = logging.getLogger(__name__)
EVERY: Final = 5.0
SILENT_AFTER: Final = 30.0
_KEPT: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class Alive:
    """A process that was heard of ``seconds`` ago: ``cycles``, ``default``, ``beat`` …"""

    name: str
    host: str
    pid: int
    seconds: float


class Heart:
    """Says that a process lives, every few seconds at most; it never raises."""

    def __init__(self, name: str) -> None:
        self._member = f"{name} {socket.gethostname()} {os.getpid()}"
        self._beaten_at = -EVERY

    def beat(self, *_: Any, **__: Any) -> None:
        """Say so, unless it was said a moment ago."""
        if time.monotonic() - self._beaten_at < EVERY:
            return
        self._beaten_at = time.monotonic()
        try:
            now = _now()
            _redis().zadd(_key(), {self._member: now})
            _redis().zremrangebyscore(_key(), 0, now - _KEPT)
        except redis.RedisError as error:
            logger.debug("a heartbeat was not told: %s", error)


def alive() -> list[Alive]:
    """Return the processes that were heard of within ``SILENT_AFTER`` seconds.

    Raises:
        redis.RedisError: nobody can be asked.
    """
    now = _now()
    heard = cast(
        "list[tuple[bytes, float]]",
        _redis().zrangebyscore(_key(), now - SILENT_AFTER, "+inf", withscores=True),
    )
    found = []
    for member, at in heard:
        name, host, pid = member.decode().split(" ")
        found.append(Alive(name=name, host=host, pid=int(pid), seconds=max(0.0, now - at)))
    return found


def silent(expected: Iterable[str]) -> list[str]:
    """Return which of the expected names nobody alive has.

    Raises:
        redis.RedisError: nobody can be asked.
    """
    heard = {one.name for one in alive()}
    return [name for name in expected if name not in heard]


def register() -> None:
    """Let each worker, and the clock, of Celery in this process say that it lives."""
    signals.worker_init.connect(_worker_lives, weak=False)
    signals.beat_init.connect(_clock_lives, weak=False)


def _worker_lives(sender: Any, **_: Any) -> None:
    # Before Celery makes its own heart, which looks only once whether anybody listens to it.
    heart = Heart(str(sender.hostname).partition("@")[0])
    signals.heartbeat_sent.connect(heart.beat, weak=False)


def _clock_lives(**_: Any) -> None:
    # It sends something every second; that it does is what matters.
    signals.after_task_publish.connect(Heart("beat").beat, weak=False)


def _now() -> float:
    seconds, microseconds = _redis().time()
    return seconds + microseconds / 1_000_000


def _key() -> str:
    return f"{settings.REDIS_PREFIX}.alive"


def _redis() -> redis.Redis:
    return _client(settings.REDIS_URL)


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
