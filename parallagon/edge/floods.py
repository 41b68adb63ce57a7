"""Who asks too often, known before anything is asked of an application or a database.

The counts are of this process: it guards its own time. What is refused takes nothing from anybody
else at the same address.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from prometheus_client import Counter

from parallagon.core import limits

MOST_KNOWN: Final = 20_000
"""Callers that are remembered; of the one who has been quiet for longest nothing is held."""
_STATIC: Final = b"/static/"

REFUSED = Counter("parallagon_edge_refused", "Requests that the server's edge refused.", ["reason"])


class Buckets:
    """A bucket of tokens for each key: full at first, it fills again at the rate."""

    def __init__(self, rate: limits.Rate, *, most: int = MOST_KNOWN) -> None:
        self._count, seconds = rate
        self._pace = self._count / seconds
        self._most = most
        self._known: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def wait(self, key: int, *, now: float, share: float = 1.0) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        most, pace = max(1.0, self._count * share), self._pace * share
        tokens, seen_at = self._known.pop(key, (most, now))
        tokens = min(most, tokens + max(0.0, now - seen_at) * pace)
        is_refused = tokens < 1
        self._known[key] = (tokens if is_refused else tokens - 1, now)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return (1 - tokens) / pace if is_refused else 0.0


class Gate:
    """Lets a request in, or says how long to wait.

    Counted by what it shows to be let in (a session, a key, a token), and then by address: many
    people may share one, and one may invent many sessions.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets = {
            name: Buckets(rate)
            for name in (limits.FLOOD, limits.STATIC, limits.ADDRESS)
            if (rate := limits.rate(name))
        }
        cookie = re.escape(settings.SESSION_COOKIE_NAME.encode())
        self._session = re.compile(rb"(?:^|;)\s*" + cookie + rb"=([^;]*)")
        framework: Mapping[str, Any] = settings.REST_FRAMEWORK
        self._proxies: int = framework["NUM_PROXIES"]

    def wait(self, headers: Any, *, path: bytes, peer: str, share: float) -> float:
        """Return 0 for a request that may go on, else the seconds until one may."""
        now = self._clock()
        shown = self._shown(headers)
        name = limits.STATIC if path.startswith(_STATIC) else limits.FLOOD
        if shown is not None and (wait := self._ask(name, shown, now, share)):
            return wait
        address = hash(self.address_of(headers, peer))
        return self._ask(limits.ADDRESS, address, now, share)

    def address_of(self, headers: Any, peer: str) -> str:
        """Return who asks: who connects, or what the proxies that are trusted say of them."""
        given = b",".join(headers.getRawHeaders(b"X-Forwarded-For") or ())
        if not self._proxies or not given:
            return peer
        named = given.split(b",")
        return named[-min(self._proxies, len(named))].strip().decode("ascii", "replace")

    def _ask(self, name: str, key: int, now: float, share: float) -> float:
        buckets = self._buckets.get(name)
        wait = buckets.wait(key, now=now, share=share) if buckets else 0.0
        if wait:
            REFUSED.labels(name).inc()
        return wait

    def _shown(self, headers: Any) -> int | None:
        """Return a number for what is shown; the thing itself is not kept."""
        bearer = headers.getRawHeaders(b"Authorization")
        if bearer:
            return hash(bearer[0])
        for cookie in headers.getRawHeaders(b"Cookie") or ():
            if found := self._session.search(cookie):
                return hash(found[1])
        return None
