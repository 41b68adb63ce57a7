"""Which roles this installation has: `settings.PARALLAGON_ROLES`, a list of dotted paths."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from agents.models import Agent
from agents.roles.base import AgentFiles, AiderAgent
from agents.roles.patterns import clashes
from agents.roles.unavailable import UnavailableRole


class UnknownRole(LookupError):  # noqa: N818 - the name says what a caller sees
    """No registered role has this name."""


def get(role: str) -> AiderAgent:
    """Return the role named `role`. Raises UnknownRole."""
    try:
        return _registered()[role]
    except KeyError:
        raise UnknownRole(f"There is no role named {role!r}.") from None


def find(role: str) -> AiderAgent | None:
    """Return the role named ``role``, or None where the settings no longer name it."""
    return _registered().get(role)


def of(agent: Agent) -> AiderAgent:
    """Return the role as ``agent`` plays it, with the patterns that it was given.

    A role that the settings no longer name comes as one that owns, watches and does nothing.
    """
    role = find(agent.role)
    if role is None:
        return UnavailableRole(agent.role)
    if not (agent.writes or agent.watches or agent.reads):
        return role
    files = role.list_files()
    return role.with_files(
        AgentFiles(
            writes=tuple(agent.writes) or files.writes,
            watches=tuple(agent.watches) or files.watches,
            reads=tuple(agent.reads) or files.reads,
        )
    )


def all_roles() -> list[AiderAgent]:
    """Return every role, in the order of the settings.

    Raises ImproperlyConfigured when one cannot be imported, or two could write one file or share
    a name.
    """
    return list(_registered().values())


@cache
def _registered() -> dict[str, AiderAgent]:
    roles: dict[str, AiderAgent] = {}
    for dotted in settings.PARALLAGON_ROLES:
        role = _load(dotted)
        if role.role in roles:
            raise ImproperlyConfigured(f"PARALLAGON_ROLES names the role {role.role!r} twice.")
        roles[role.role] = role
    for name, pattern, other, other_pattern in clashes(
        {name: role.list_files().writes for name, role in roles.items()}
    ):
        raise ImproperlyConfigured(
            f"The roles {name} ({pattern}) and {other} ({other_pattern}) could write the same "
            "file; the files that roles own must not overlap."
        )
    return roles


def _load(dotted: str) -> AiderAgent:
    try:
        role = import_string(dotted)()
    except (ImportError, TypeError) as error:
        raise ImproperlyConfigured(f"PARALLAGON_ROLES names {dotted}: {error}.") from error
    if not isinstance(role, AiderAgent):
        raise ImproperlyConfigured(f"PARALLAGON_ROLES names {dotted}, which is no AiderAgent.")
    return role


def _forget(*, setting: str, **_: object) -> None:
    if setting == "PARALLAGON_ROLES":
        _registered.cache_clear()


setting_changed.connect(_forget)
