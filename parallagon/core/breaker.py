"""A circuit breaker: a service that is ill is left alone for a while, by all processes together.

The state is one small value a service, kept in Redis and changed by compare-and-set, so that any
number of workers act as one. Without Redis each process decides alone, from what it has seen.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import redis
from django.conf import settings
from prometheus_client import Gauge

from parallagon.core.errors import DependencyUnavailable

logger = logging.getLogger(__name__)

State = Literal["closed", "half_open", "open"]

KEPT_SECONDS = 86_400
REDIS_SECONDS = 0.5
TRIES = 20

STATE = Gauge(
    "parallagon_circuit_state",
    "Whether a service is left alone: 0 no, 1 one probe asks it, 2 yes.",
    ["kind", "name"],
    multiprocess_mode="mostrecent",
)


class CircuitOpen(DependencyUnavailable):
    """The service is left alone; ``wait`` seconds from now it is worth asking again."""

    code = "circuit_open"

    def __init__(self, message: str, *, wait: float, reason: str) -> None:
        super().__init__(message, wait=wait, reason=reason)
        self.wait = wait
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class BreakerPolicy:
    """When a circuit opens and for how long; seconds."""

    failures: int = 5
    window: float = 120
    pause: float = 30
    longest_pause: float = 900
    probe: float = 660
    """A probe that has not told how it went after this is taken for lost."""


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """What is known of one service. Times are unix seconds; a value, changed by replacing it.

    ::

        closed ── so many failures in a row, within the window ──▶ open ── the pause is over ──┐
           ▲                                                         ▲                         ▼
           └──────────────────── it answered ──────────────┐         └── it failed ── half-open:
                                                           └────────────────────────  one probe
    """

    failed_at: tuple[float, ...] = ()
    opened_at: float | None = None
    retry_at: float = 0
    pause: float = 0
    probe: str = ""
    reason: str = ""

    @property
    def state(self) -> State:
        if self.opened_at is None:
            return "closed"
        return "half_open" if self.probe else "open"

    def entered(
        self, name: str, who: str, policy: BreakerPolicy, *, now: float, is_asked: bool = False
    ) -> "Circuit":
        """Return the circuit with ``who`` on the way to the service.

        ``is_asked``: a person wants to know how it does now, and does not wait for the pause.

        Raises:
            CircuitOpen: it is left alone, or somebody is finding out how it does.
        """
        if self.opened_at is None:
            return self
        if now < self.retry_at and not (is_asked and not self.probe):
            wait = self.retry_at - now
            # While a probe is under way its end is soon, not when it would be taken for lost.
            wait = min(wait, policy.pause) if self.probe else wait
            raise CircuitOpen(f"{name} is left alone for now.", wait=wait, reason=self.reason)
        return replace(self, probe=who, retry_at=now + policy.probe)

    def answered(self) -> "Circuit":
        """Return the circuit after the service has answered: nothing is held against it."""
        return Circuit()

    def failed(
        self, who: str, policy: BreakerPolicy, *, now: float, wait: float, reason: str
    ) -> "Circuit":
        """Return the circuit after the service has failed and asked for ``wait`` seconds."""
        if self.opened_at is None:
            recent = (*(at for at in self.failed_at if at > now - policy.window), now)
            if len(recent) < policy.failures:
                return replace(self, failed_at=recent, reason=reason)
            return self._opened(recent, policy.pause, now=now, wait=wait, reason=reason)
        if who != self.probe:
            return self  # it was asked before the circuit opened
        longer = min(2 * self.pause, policy.longest_pause)
        return self._opened(self.failed_at, longer, now=now, wait=wait, reason=reason)

    def left(self, who: str, *, now: float) -> "Circuit":
        """Return the circuit after ``who`` learnt nothing of the service: another may probe."""
        return replace(self, probe="", retry_at=now) if self.probe and who == self.probe else self

    def _opened(
        self, failed_at: tuple[float, ...], pause: float, *, now: float, wait: float, reason: str
    ) -> "Circuit":
        return Circuit(
            failed_at=failed_at,
            opened_at=self.opened_at or now,
            retry_at=now + max(pause, wait),
            pause=pause,
            reason=reason,
        )


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one event made of a circuit; of all processes exactly one sees it turn."""

    before: Circuit
    after: Circuit

    @property
    def has_opened(self) -> bool:
        return self.before.opened_at is None and self.after.opened_at is not None

    @property
    def has_closed(self) -> bool:
        return self.before.opened_at is not None and self.after.opened_at is None


class Breaker:
    """The circuits of one kind of service, by name. Thread-safe.

    Whoever enters must say how it went: ``answered``, ``failed`` or ``left``.
    """

    def __init__(self, kind: str, policy: Callable[[], BreakerPolicy]) -> None:
        self._kind = kind
        self._policy = policy
        self._lock = threading.Lock()
        self._alone: dict[str, Circuit] = {}

    def enter(self, name: str, who: str, *, now: float, is_asked: bool = False) -> None:
        """Go to the service; when a person asked for it, also before its pause is over.

        Raises:
            CircuitOpen: it is left alone for now.
        """
        policy = self._policy()
        self._change(
            name, lambda circuit: circuit.entered(name, who, policy, now=now, is_asked=is_asked)
        )

    def answered(self, name: str) -> Change:
        return self._change(name, Circuit.answered)

    def failed(self, name: str, who: str, *, now: float, wait: float, reason: str) -> Change:
        policy = self._policy()
        return self._change(
            name,
            lambda circuit: circuit.failed(who, policy, now=now, wait=wait, reason=reason),
        )

    def left(self, name: str, who: str, *, now: float) -> Change:
        return self._change(name, lambda circuit: circuit.left(who, now=now))

    def circuits(self) -> Mapping[str, Circuit]:
        """Return the circuits of which there is something to tell."""
        try:
            found: Any = self._client.hgetall(self._key)
        except redis.RedisError:
            with self._lock:
                return dict(self._alone)
        return {name.decode(): _read(value) for name, value in found.items()}

    def forget(self) -> None:
        """Forget what this process saw by itself."""
        with self._lock:
            self._alone.clear()

    def _change(self, name: str, change: Callable[[Circuit], Circuit]) -> Change:
        try:
            made = self._change_shared(name, change)
        except redis.RedisError as error:
            logger.info("the circuit of %s is this process's own: %s", name, error)
            made = self._change_alone(name, change)
        if made.after != made.before:
            STATE.labels(self._kind, name).set(
                {"closed": 0, "half_open": 1, "open": 2}[made.after.state]
            )
        return made

    def _change_shared(self, name: str, change: Callable[[Circuit], Circuit]) -> Change:
        """Change the value unless another did so meanwhile, then look again."""
        with self._client.pipeline() as pipe:
            for _ in range(TRIES):
                pipe.watch(self._key)  # type: ignore[no-untyped-call]
                before = _read(pipe.hget(self._key, name))
                after = change(before)
                if after == before:
                    return Change(before=before, after=after)
                pipe.multi()
                if after == Circuit():
                    pipe.hdel(self._key, name)
                else:
                    pipe.hset(self._key, name, json.dumps(asdict(after)))
                    pipe.expire(self._key, KEPT_SECONDS)
                try:
                    pipe.execute()
                except redis.WatchError:
                    continue
                return Change(before=before, after=after)
        raise redis.WatchError("others change it all the time")

    def _change_alone(self, name: str, change: Callable[[Circuit], Circuit]) -> Change:
        with self._lock:
            before = self._alone.get(name, Circuit())
            after = change(before)
            self._alone[name] = after
            if after == Circuit():
                del self._alone[name]
        return Change(before=before, after=after)

    @property
    def _key(self) -> str:
        return f"{settings.REDIS_PREFIX}.breaker.{self._kind}"

    @cached_property
    def _client(self) -> "redis.Redis":
        return redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
        )


def _read(value: Any) -> Circuit:
    """Return the circuit that was written; one that nobody can read is as good as closed."""
    if value is None:
        return Circuit()
    try:
        values = json.loads(value)
        return Circuit(**{**values, "failed_at": tuple(values["failed_at"])})
    except (ValueError, TypeError, KeyError):
        return Circuit()
