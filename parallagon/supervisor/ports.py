"""Is the port free?"""

import errno
import socket

from parallagon.supervisor.errors import CannotStart


def require_free(host: str, port: int) -> None:
    """Bind the port for a moment.

    Raises:
        CannotStart: it is taken, or not ours to take.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise CannotStart(f"HOST is {host}, which no address is known for: set HOST.") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CannotStart(_sentence(error, host, port)) from error


def _sentence(error: OSError, host: str, port: int) -> str:
    other = port + 1 if port < 65535 else 8000
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use by another program: stop that one, "
            f"or choose another port with PORT={other} (make run PORT={other})."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for administrators: choose one above 1023 with PORT=8000."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST is {host}, which is no address of this machine: set HOST=127.0.0.1."
    return f"Port {port} on {host} cannot be used: {error.strerror}."
