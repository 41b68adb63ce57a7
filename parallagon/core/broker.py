"""Kombu's Redis transport, with channels that outlive the loss of their connection."""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

SCHEMES = ("redis", "rediss")  # redis+socket:// is the first of them, too


class Channel(redis.Channel):
    """A channel that keeps the address of its broker.

    When the broker dies, closing a channel gives up at the read that was under way. Celery then
    takes the address away from the transport and closes the channel again, and Kombu looks the
    address up to put unacknowledged messages back: an ``AttributeError`` that no one expects, by
    which the worker ends instead of connecting again. With the address kept, it is the usual
    connection error, or no error at all; and a task that was at work all the while can still
    acknowledge its message.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._address: dict[str, Any] | None = None
        super().__init__(*arguments, **options)
        self._connparams()

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self._address is not None and getattr(self.connection, "client", None) is None:
            return dict(self._address)
        parameters: dict[str, Any] = super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]
        if not asynchronous:
            self._address = dict(parameters)
        return parameters


class Transport(redis.Transport):
    """The Redis transport with these channels."""

    Channel = Channel


def register() -> None:
    """Let broker URLs of Redis mean this transport."""
    for scheme in SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
