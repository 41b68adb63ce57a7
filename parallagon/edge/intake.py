"""What comes in, bounded in size, in time and in number.

Stock Daphne takes a body whole, however large and slow, before the application sees its first
byte. Here one that says that it is too large is refused before it comes, one that does not say so
as soon as it is, and one that comes too slowly before long. A flood is answered at once: what asks
for nothing but to be answered is, on a connection that stays open, since that costs least.
"""

import functools
import math
from collections.abc import Mapping
from typing import Any, Final

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from django.utils.translation import gettext as _
from twisted.web import http

from parallagon.core import limits
from parallagon.core.errors import ParallagonError, TooLarge
from parallagon.core.limits.governor import governor
from parallagon.edge.answers import refusal, spoken
from parallagon.edge.floods import REFUSED, Gate

IMPORT: Final = b"/api/v1/missions/import"
FORM: Final = 64 * 1024  # of a form around its file
GRACE: Final = 20.0  # seconds for the beginning of a request …
PACE: Final = 8 * 1024  # … and bytes a second from then on
UNTIMED: Final = (b"/static/", b"/health/", b"/metrics")
"""Quick, and many: they would hide how what people wait for does."""
FAILURE: Final = 500
LINGER: Final = 5.0
"""Seconds for a client that is still sending to find that it was answered."""


class TooSlow(ParallagonError):  # noqa: N818 - says what is wrong
    code = "too_slow"
    status = 408


def most_of(path: bytes) -> int:
    """Return how many bytes the body of a request for ``path`` may have."""
    if path.partition(b"?")[0] == IMPORT:
        imported: int = settings.PARALLAGON_MAX_IMPORT_SIZE
        return imported + int(settings.PARALLAGON_MAX_FILE_SIZE) + FORM
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


class BoundedRequest(WebRequest):
    """A request whose body stays below its bound while it comes, and whose answer is timed."""

    _length = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False  # the application does that, and without a copy

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - Twisted's names
        self._length += len(data)
        if self.channel.takes(self._length):
            super().handleContentChunk(data)

    def requestReceived(self, *line: bytes) -> None:  # noqa: N802
        """Go on with a request, unless there are too many: then that is all it is told."""
        if not self.channel.wait:
            super().requestReceived(*line)
            return
        self.channel.transport.write(self.channel.too_many(keeps_open=self.channel.persistent))
        self.server.protocol_disconnected(self)
        self._cleanup()

    def handle_reply(self, message: Mapping[str, Any]) -> None:
        super().handle_reply(message)
        if message["type"] == "http.response.start" and not self.path.startswith(UNTIMED):
            governor().note(self.duration(), has_failed=message["status"] >= FAILURE)


class BoundedChannel(http.HTTPChannel):
    """A connection that gives each request a bound and a time, and ends with a clear answer."""

    requestFactory = BoundedRequest  # noqa: N815
    transport: Any
    is_refused = False
    wait = 0.0
    """Seconds until the caller may ask again; 0 for a request that may go on."""
    _path: Any
    _most = 0
    _received = 0
    _began = 0.0
    _watch: Any = None
    _linger: Any = None

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self.is_refused:
            return
        if not self._handlingRequest:
            self._received += len(data)
            self._watch = self._watch or self._begin()
        super().dataReceived(data)

    def allHeadersReceived(self) -> None:  # noqa: N802
        """Refuse what need not come at all: by its length, or as one too many."""
        self._most = most_of(self._path)
        self.wait = self._wait_at_gate()
        if self.wait and self.length != 0:
            self._end_with(self.too_many(keeps_open=False))
        elif self.takes(self.length or 0):
            super().allHeadersReceived()

    def too_many(self, *, keeps_open: bool) -> bytes:
        """Return the answer to one request too many."""
        return _too_many(self._accepted(), math.ceil(self.wait), keeps_open=bool(keeps_open))

    def _wait_at_gate(self) -> float:
        headers, peer = self.requests[-1].requestHeaders, self.transport.getPeer()
        host = str(getattr(peer, "host", ""))
        gate: Gate = self.factory.gate
        return gate.wait(headers, path=self._path, peer=host, share=governor().share)

    def takes(self, length: int) -> bool:
        """Tell whether a body of this length may go on; refuse it otherwise."""
        if length > self._most and not self.is_refused:
            with spoken(self._accepted()):
                sentence = _("The request is too large.")
            self._refuse("too_large", TooLarge(sentence, limit=self._most))
        return not self.is_refused

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        if not self.is_refused:
            super().rawDataReceived(data)

    def allContentReceived(self) -> None:  # noqa: N802
        self._stop_watching()
        if not self.is_refused:
            super().allContentReceived()

    def _refuse(self, reason: str, error: ParallagonError) -> None:
        REFUSED.labels(reason).inc()
        self._end_with(refusal(error))

    def _end_with(self, answer: bytes) -> None:
        """Answer, say that nothing more follows, and drop what still comes for a moment.

        To close at once would make the client's system throw away the answer, unread.
        """
        self.is_refused = True
        self._stop_watching()
        self.setTimeout(None)
        self.transport.write(answer)
        self.transport.loseWriteConnection()
        self._linger = self.callLater(LINGER, self.transport.abortConnection)

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802
        self._stop_watching()
        if self._linger and self._linger.active():
            self._linger.cancel()
        super().connectionLost(reason)

    def _begin(self) -> Any:
        self._began = self.factory.reactor.seconds()
        return self.callLater(GRACE, self._look_at_pace)

    def _look_at_pace(self) -> None:
        """Give a request as much time as its bytes so far have earned."""
        allowed = GRACE + self._received / PACE
        left = self._began + allowed - self.factory.reactor.seconds()
        if left > 0:
            self._watch = self.callLater(left, self._look_at_pace)
            return
        self._watch = None
        with spoken(self._accepted()):
            sentence = _("The request came too slowly.")
        self._refuse("too_slow", TooSlow(sentence))

    def _stop_watching(self) -> None:
        if self._watch and self._watch.active():
            self._watch.cancel()
        self._watch = None
        self._received = 0

    def _accepted(self) -> bytes:
        headers = self.requests[-1].requestHeaders if self.requests else None
        given = headers.getRawHeaders(b"Accept-Language") if headers else None
        return given[0] if given else b""


@functools.lru_cache(maxsize=256)
def _too_many(accepted: bytes, wait: int, *, keeps_open: bool) -> bytes:
    """Return the answer, which many are sent; another language or second makes another."""
    with spoken(accepted):
        sentence = _("Too many requests: wait %(wait)s seconds.") % {"wait": wait}
    error = limits.TooManyRequests(sentence, wait=wait)
    return refusal(error, headers={"Retry-After": str(wait)}, keeps_open=keeps_open)


class BoundedFactory(HTTPFactory):
    """Makes bounded connections; HTTP/1.1 only, which is all that Daphne is told to speak."""

    protocol = BoundedChannel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.gate = Gate()
        governor().start()

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        channel: Any = http.HTTPFactory.buildProtocol(self, addr)
        channel.requestFactory = BoundedRequest
        return channel

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802
        return [b"http/1.1"]
