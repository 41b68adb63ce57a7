"""Secrets that are shown once: random, long, and kept as a digest only.

They hold 256 random bits, so one round of SHA-256 is enough: there is nothing to guess, and a
request with a key must not cost what a password does.
"""

import hashlib
import secrets

KEY_MARK = "pk_"


def new_secret() -> str:
    """Return a secret that fits an address, a header and a subprotocol."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
