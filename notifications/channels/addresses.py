"""Where messages may be sent: never to what only this machine, or only this network, can reach.

A person chooses the address, but the server goes there. So a name is resolved here, each address
it has is judged, and the connection is made to the one that was judged.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from notifications.models import Channel
from parallagon.core.errors import ValidationError

LONGEST = 2000
SLACK = "hooks.slack.com"
PORTS = {"http": 80, "https": 443}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(ValidationError):  # noqa: N818 - says what happened
    """Messages are not sent there."""

    code = "address_refused"


@dataclass(frozen=True, kw_only=True)
class Place:
    """An address that was judged: where to connect, and as what."""

    scheme: str
    host: str
    port: int
    ip: str
    path: str

    @property
    def name(self) -> str:
        """Return what may be shown and counted by: no path, which may be a secret."""
        return f"{self.host}:{self.port}"


def check(channel: str, address: str) -> None:
    """Refuse an address by its form, before it is kept.

    Raises:
        AddressRefused: with a sentence.
    """
    if not address or len(address) > LONGEST or not address.isprintable() or " " in address:
        raise AddressRefused(_("This is not an address."))
    if channel == Channel.EMAIL:
        try:
            validate_email(address)
        except DjangoValidationError as error:
            raise AddressRefused(_("This is not an e-mail address.")) from error
        return
    parts = _split(address)
    if channel == Channel.SLACK and parts.hostname != SLACK and not _is_private_allowed():
        sentence = _("The address of a Slack channel begins with https://%(host)s/.")
        raise AddressRefused(sentence % {"host": SLACK})


def hint(channel: str, address: str) -> str:
    """Return what may be shown of an address; paths and queries may be secrets."""
    if channel == Channel.EMAIL:
        return address
    parts = _split(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}/…"


def locate(address: str) -> Place:
    """Resolve an address and judge where it leads.

    Raises:
        AddressRefused: it leads to this machine or network, or is none.
        OSError: its name cannot be resolved now.
    """
    parts = _split(address)
    host = str(parts.hostname)
    port = parts.port or PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in map(_text, found)]
    if not addresses or not all(may_reach(one) for one in addresses):
        raise AddressRefused(_("This address leads into a network where messages are not sent."))
    query = f"?{parts.query}" if parts.query else ""
    return Place(
        scheme=parts.scheme,
        host=host,
        port=port,
        ip=str(addresses[0]),
        path=(parts.path or "/") + query,
    )


def may_reach(address: Address) -> bool:
    """Tell whether messages may go to an address: one that everybody on the net can reach."""
    if _is_private_allowed():
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return may_reach(inner)
        if address in ipaddress.ip_network("64:ff9b::/96"):  # IPv4 behind a translator
            return may_reach(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(_("This is not an address.")) from error
    schemes = {"https", "http"} if settings.PARALLAGON_WEBHOOK_HTTP else {"https"}
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise AddressRefused(_("The address has to begin with https://."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused(_("The address must hold no name, password or fragment."))
    return parts


def _text(entry: tuple[object, ...]) -> tuple[object, object, object, object, tuple[str, ...]]:
    family, kind, protocol, name, where = entry
    address = tuple(str(part) for part in where) if isinstance(where, tuple) else ()
    return family, kind, protocol, name, address


def _is_private_allowed() -> bool:
    return bool(settings.PARALLAGON_WEBHOOK_PRIVATE)
