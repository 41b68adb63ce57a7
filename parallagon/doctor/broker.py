"""Redis or Valkey, and the processes that are heard of through it."""

import time
from collections.abc import Iterator
from typing import Any, Final, cast

import redis
from django.conf import settings

from parallagon.core import heartbeats
from parallagon.doctor.database import SKEW_SECONDS
from parallagon.doctor.finding import Finding, fine, problem, warning
from parallagon.inside import room

OLDEST: Final = (6, 2)
FULL: Final = 0.9
EXPECTED: Final = (*room.EXPECTED, "upkeep")
SAYS: Final = {
    "cycles": "agents do nothing",
    "default": "nobody is sent to work",
    "upkeep": "nothing is cleaned up",
    "beat": "nobody looks who is due",
    "watch": "what other programs write is not seen",
    "engine": "runs fail",
}


def examine() -> Iterator[Finding]:
    """Ask the server about itself."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, **room.PATIENCE) as client:
            facts = cast("dict[str, Any]", client.info())
            seconds = cast("tuple[int, int]", client.time())[0]
    except redis.RedisError as error:
        embedded = "It comes with manage.py up; start that."
        yield problem(
            "redis.answers",
            f"Redis does not answer: {str(error).rstrip('.')}.",
            embedded if settings.REDIS_IS_EMBEDDED else "Start it, or mend REDIS_URL.",
        )
        return
    name = "Valkey" if facts.get("server_name") == "valkey" else "Redis"
    version = str(facts.get("valkey_version") or facts.get("redis_version", "0"))
    yield fine("redis.answers", f"{name} {version} answers.")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < OLDEST:
        yield problem(
            "redis.version", f"{name} is {version}, which is too old.", "Use Redis 6.2 or newer."
        )
    yield from _memory(facts)
    skew = abs(seconds - time.time())
    if skew > SKEW_SECONDS:
        yield warning(
            "redis.clock",
            f"The clocks of {name} and of this machine are {skew:.0f} s apart.",
            "Let both follow a time server.",
        )


def _memory(facts: dict[str, Any]) -> Iterator[Finding]:
    """Look whether messages could be dropped for want of memory, and how near that is."""
    policy, most = str(facts.get("maxmemory_policy", "")), int(facts.get("maxmemory", 0))
    if policy.startswith("allkeys"):
        yield problem(
            "redis.policy",
            f"Redis drops any key when its memory is full ({policy}): messages and locks, too.",
            "Set maxmemory-policy to noeviction, or to volatile-lru.",
        )
    else:
        yield fine("redis.policy", f"Redis drops no message when its memory is full ({policy}).")
    if most and int(facts.get("used_memory", 0)) > FULL * most:
        yield warning(
            "redis.memory",
            f"Redis uses more than {FULL:.0%} of the {most // 1024**2} MiB that it may use.",
            "Raise maxmemory.",
        )


def examine_processes() -> Iterator[Finding]:
    """Say who has not been heard of."""
    try:
        heard = {one.name for one in heartbeats.alive()}
    except redis.RedisError:
        yield warning(
            "processes.unknown",
            "Nobody knows which processes run, since Redis does not answer.",
            "Mend Redis first.",
        )
        return
    if not heard:
        yield problem(
            "processes.none", "No process behind the web runs.", "Start them: manage.py up."
        )
        return
    silent = [name for name in EXPECTED if name not in heard]
    for name in silent:
        yield problem(
            f"processes.{name}",
            f"“{name}” has not been heard of for {heartbeats.SILENT_AFTER:g} s: {SAYS[name]}.",
            "Look into the log why it ended, and start it.",
        )
    if not silent:
        yield fine("processes.alive", "Workers, clock, watcher and engine are heard of.")
