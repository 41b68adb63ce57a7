"""Addresses and secrets that the database keeps for people, but nobody reads there.

Encrypted with a key made of ``SECRET_KEY``: a copy of the database alone tells nothing. When that
key is replaced they cannot be read any more, and have to be given again.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from parallagon.core.errors import ServiceError


class Unsealable(ServiceError):  # noqa: N818 - says what is wrong
    """It was sealed with another key."""

    code = "sealed_with_another_key"


def seal(text: str) -> str:
    """Return ``text`` encrypted; nothing stays nothing."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """Return what was sealed.

    Raises:
        Unsealable: ``SECRET_KEY`` is another one now, or the row was tampered with.
    """
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unsealable(_("The address cannot be read any more: give it again.")) from error


def _fernet() -> Fernet:
    key = salted_hmac("notifications.sealing", "", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
