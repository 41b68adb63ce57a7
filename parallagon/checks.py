"""System checks: refuse a bad start with a sentence that says what to set."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from agents.roles import registry
from parallagon.accounts import provider

LANGUAGES = ("en", "fr")
_OIDC = "See “Signing in” in docs/security.md, or unset all settings that begin with OIDC_."


@register
def data_directory(**_: Any) -> Sequence[CheckMessage]:
    """The data directory can be made and written."""
    folder = Path(settings.DATA_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [_unusable(folder, error.strerror or "refused")]
    return [] if os.access(folder, os.W_OK) else [_unusable(folder, "it is read-only")]


def _unusable(folder: Path, reason: str) -> Error:
    return Error(
        f"The data directory {folder} cannot be used: {reason}.",
        hint="Make it writable, or set PARALLAGON_DATA_DIR to a folder that is.",
        id="parallagon.E001",
    )


@register
def roles(**_: Any) -> Sequence[CheckMessage]:
    """Every role can be loaded, owns files of its own and has its prompts."""
    try:
        found = registry.all_roles()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/extend.md.", id="parallagon.E004")]
    prompts = [
        role.prompts / language / f"{role.role}.md" for role in found for language in LANGUAGES
    ]
    return [
        Error(f"The prompt {prompt} is missing.", hint="See docs/extend.md.", id="parallagon.E005")
        for prompt in prompts
        if not prompt.is_file()
    ]


@register
def openid_provider(**_: Any) -> Sequence[CheckMessage]:
    """Signing in by a provider is set up completely or not at all, and over TLS."""
    addresses = ("ISSUER", "AUTHORIZATION_URL", "TOKEN_URL", "KEYS_URL", "USERINFO_URL")
    given = {f"OIDC_{name}": getattr(settings, f"OIDC_{name}") for name in addresses}
    errors = [
        Error(f"{name} is not set, but other OIDC settings are.", hint=_OIDC, id="parallagon.E006")
        for name in provider.missing()
    ]
    return errors + [
        Error(f"{name} is no https:// address.", hint=_OIDC, id="parallagon.E007")
        for name, address in given.items()
        if address and not provider.is_safe(address)
    ]


@register(deploy=True)
def sandbox(**_: Any) -> Sequence[CheckMessage]:
    """Production runs no agent without a sandbox unless told to."""
    allowed = settings.ENVIRONMENT.get("PARALLAGON_ALLOW_NO_SANDBOX") == "true"
    if settings.PARALLAGON_SANDBOX != "none" or allowed:
        return []
    return [
        Error(
            "PARALLAGON_SANDBOX is none: a model's reply would run unconfined.",
            hint="Set it to auto, or set PARALLAGON_ALLOW_NO_SANDBOX=true to accept that.",
            id="parallagon.E003",
        )
    ]
