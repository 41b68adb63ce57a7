"""A letter over each channel that leads out of Parallagon.

No notification library is between: those at hand resolve names and follow redirects themselves,
so nobody could say where a message really went.
"""

import hashlib
import hmac
import json
import smtplib
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.serializers.json import DjangoJSONEncoder

from notifications.channels.http import post
from notifications.channels.letters import DeliveryFailed, Letter
from notifications.models import Channel

Sender = Callable[[Letter, str, str], None]


def send(channel: str, letter: Letter, *, address: str, secret: str) -> None:
    """Send a letter; returns when the receiver, or a mail server, has it.

    Raises:
        DeliveryFailed: it has not.
    """
    _SENDERS[channel](letter, address, secret)


def service(channel: str, address: str) -> str:
    """Return which service answers for an address: what fails together."""
    return "mail" if channel == Channel.EMAIL else str(urlsplit(address).netloc)


def signature(body: bytes, *, secret: str, at: int) -> str:
    """Return ``Parallagon-Signature``: HMAC-SHA256 of time, a full stop, and the body."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def _webhook(letter: Letter, address: str, secret: str) -> None:
    body = _json(letter.data())
    post(
        address,
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": "Parallagon",
            "Parallagon-Delivery": letter.id,
            "Parallagon-Signature": signature(body, secret=secret, at=int(letter.at.timestamp())),
        },
    )


def _slack(letter: Letter, address: str, _secret: str) -> None:
    escaped = letter.text().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    post(address, _json({"text": escaped}), {"Content-Type": "application/json"})


def _email(letter: Letter, address: str, _secret: str) -> None:
    message = EmailMessage(
        subject=letter.subject,
        body=letter.text(),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        headers={"Message-ID": f"<{letter.id}@parallagon>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _reply in error.recipients.values()]
        is_final = all(code >= 500 for code in codes)
        raise DeliveryFailed("the mail server refused the address", for_good=is_final) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryFailed(f"the mail server: {type(error).__name__}") from error


def _json(data: object) -> bytes:
    text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


_SENDERS: Final[Mapping[str, Sender]] = {
    Channel.WEBHOOK: _webhook,
    Channel.SLACK: _slack,
    Channel.EMAIL: _email,
}
