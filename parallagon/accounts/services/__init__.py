"""Everything that changes accounts and the ways to sign in."""

from parallagon.accounts.services.keys import (
    MOST_KEYS,
    CreateKey,
    MadeKey,
    RevokeKey,
    TooManyKeys,
)
from parallagon.accounts.services.people import (
    CreateAccount,
    EnsureFirstAccount,
    SetPassword,
    base_url,
    sign_in_link,
    system_username,
)
from parallagon.accounts.services.tickets import MakeTicket, UseTicket

__all__ = [
    "MOST_KEYS",
    "CreateAccount",
    "CreateKey",
    "EnsureFirstAccount",
    "MadeKey",
    "MakeTicket",
    "RevokeKey",
    "SetPassword",
    "TooManyKeys",
    "UseTicket",
    "base_url",
    "sign_in_link",
    "system_username",
]
