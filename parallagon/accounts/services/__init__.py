"""Everything that changes accounts and the ways to sign in."""

from parallagon.accounts.services.identities import RecognizePerson
from parallagon.accounts.services.keys import (
    MOST_KEYS,
    CreateKey,
    MadeKey,
    RevokeKey,
    TooManyKeys,
)
from parallagon.accounts.services.people import (
    ChangePassword,
    ChooseLanguage,
    CreateAccount,
    DeactivateAccount,
    EnsureFirstAccount,
    LastAdministrator,
    SetPassword,
    WrongPassword,
    base_url,
    sign_in_link,
    system_username,
)
from parallagon.accounts.services.sessions import EndSession, PruneSignIns, SignOutEverywhere
from parallagon.accounts.services.tickets import MakeTicket, UseTicket

__all__ = [
    "MOST_KEYS",
    "ChangePassword",
    "ChooseLanguage",
    "CreateAccount",
    "CreateKey",
    "DeactivateAccount",
    "EndSession",
    "EnsureFirstAccount",
    "LastAdministrator",
    "MadeKey",
    "MakeTicket",
    "PruneSignIns",
    "RecognizePerson",
    "RevokeKey",
    "SetPassword",
    "SignOutEverywhere",
    "TooManyKeys",
    "UseTicket",
    "WrongPassword",
    "base_url",
    "sign_in_link",
    "system_username",
]
