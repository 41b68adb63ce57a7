"""What comes in, bounded in size and in time.

Stock Daphne takes a body whole, however large and slow, before the application sees its first
byte. Here one that says that it is too large is refused before it comes, one that does not say so
as soon as it is, and one that comes too slowly before long.
"""

from typing import Any, Final

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from django.utils.translation import gettext as _
from twisted.web import http

from parallagon.core.errors import ParallagonError, TooLarge
from parallagon.edge.answers import refusal, spoken

IMPORT: Final = b"/api/v1/missions/import"
FORM: Final = 64 * 1024  # of a form around its file
GRACE: Final = 20.0  # seconds for the beginning of a request …
PACE: Final = 8 * 1024  # … and bytes a second from then on
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
    """A request whose body stays below its bound while it comes."""

    _length = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False  # the application does that, and without a copy

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - Twisted's names
        self._length += len(data)
        if self.channel.takes(self._length):
            super().handleContentChunk(data)


class BoundedChannel(http.HTTPChannel):
    """A connection that gives each request a bound and a time, and ends with a clear answer."""

    requestFactory = BoundedRequest  # noqa: N815
    transport: Any
    is_refused = False
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
        """Refuse by its length what need not come at all."""
        self._most = most_of(self._path)
        if self.takes(self.length or 0):
            super().allHeadersReceived()

    def takes(self, length: int) -> bool:
        """Tell whether a body of this length may go on; refuse it otherwise."""
        if length > self._most and not self.is_refused:
            with self._spoken():
                sentence = _("The request is too large.")
            self.refuse(TooLarge(sentence, limit=self._most))
        return not self.is_refused

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        if not self.is_refused:
            super().rawDataReceived(data)

    def allContentReceived(self) -> None:  # noqa: N802
        self._stop_watching()
        if not self.is_refused:
            super().allContentReceived()

    def refuse(self, error: ParallagonError) -> None:
        """Answer, say that nothing more follows, and drop what still comes for a moment.

        To close at once would make the client's system throw away the answer, unread.
        """
        self.is_refused = True
        self._stop_watching()
        self.setTimeout(None)
        self.transport.write(refusal(error))
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
        with self._spoken():
            sentence = _("The request came too slowly.")
        self.refuse(TooSlow(sentence))

    def _stop_watching(self) -> None:
        if self._watch and self._watch.active():
            self._watch.cancel()
        self._watch = None
        self._received = 0

    def _spoken(self) -> Any:
        given = self.requests and self.requests[-1].requestHeaders.getRawHeaders(b"Accept-Language")
        return spoken(given[0] if given else b"")


class BoundedFactory(HTTPFactory):
    """Makes bounded connections; HTTP/1.1 only, which is all that Daphne is told to speak."""

    protocol = BoundedChannel

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        channel: Any = http.HTTPFactory.buildProtocol(self, addr)
        channel.requestFactory = BoundedRequest
        return channel

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802
        return [b"http/1.1"]
