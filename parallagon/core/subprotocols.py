"""What a client says in ``Sec-WebSocket-Protocol``, the one header that a page can fill.

A fixed marker, which alone is echoed, and perhaps a secret beside it: never an address, because
addresses end up in logs.
"""

from collections.abc import Sequence

MARKER = "parallagon.v1"
TICKET, BEARER = "ticket.", "bearer."


def offered_secret(offered: Sequence[str]) -> str | None:
    """Return the secret that a handshake offers beside the marker."""
    if MARKER not in offered:
        return None
    return next((one for one in offered if one.startswith((TICKET, BEARER))), None)
