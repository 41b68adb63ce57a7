"""One POST to an address that somebody chose: judged, bounded, without redirects."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from notifications.channels.addresses import AddressRefused, Place, locate
from notifications.channels.letters import DeliveryFailed

CONNECT_SECONDS = 5.0
ALL_SECONDS = 10.0
LATER = frozenset({408, 425, 429})


def post(address: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post ``body``; returns when the receiver has said that it has it.

    Raises:
        DeliveryFailed: it has not, with a reason that names neither path nor secret.
    """
    try:
        place = locate(address)
    except AddressRefused as error:
        raise DeliveryFailed(error.message, for_good=True) from error
    except OSError as error:
        raise DeliveryFailed("its name cannot be resolved") from error
    try:
        status = _status(place, body, headers)
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryFailed(f"{place.name}: {type(error).__name__}") from error
    if not 200 <= status < 300:
        is_final = 300 <= status < 500 and status not in LATER
        raise DeliveryFailed(f"{place.name} answered {status}", for_good=is_final)


def _status(place: Place, body: bytes, headers: Mapping[str, str]) -> int:
    """Return what was answered; of the answer nothing but its status is read."""
    given = socket.create_connection((place.ip, place.port), timeout=CONNECT_SECONDS)
    with given, _ended_in_time(given) as is_late:
        given.settimeout(ALL_SECONDS)
        connection = http.client.HTTPConnection(place.host, place.port)
        connection.default_port = {"https": 443, "http": 80}[place.scheme]
        connection.sock = _secured(given, place) if place.scheme == "https" else given
        try:
            connection.request("POST", place.path, body=body, headers=dict(headers))
            status = connection.getresponse().status
        finally:
            connection.close()
    if is_late.is_set():  # an answer that was cut off looks like a short one
        raise TimeoutError
    return status


def _secured(given: socket.socket, place: Place) -> ssl.SSLSocket:
    """Speak TLS with the host that was named, at the address that was judged."""
    return ssl.create_default_context().wrap_socket(given, server_hostname=place.host)


@contextmanager
def _ended_in_time(given: socket.socket) -> Iterator[threading.Event]:
    """End the connection when all of it takes too long: each byte could come just in time."""
    twin = given.dup()  # TLS takes the first one over

    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        try:
            twin.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already

    timer = threading.Timer(ALL_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
        timer.join()
        twin.close()
