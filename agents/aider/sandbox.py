"""Shut the calling process in for good: what it may read, write, and connect to.

Landlock (files, TCP, signals) and seccomp (what Landlock leaves open) through ctypes, both
unprivileged and inherited by whatever the process forks. Works on x86-64 and 64-bit ARM Linux.
"""

import ctypes
import os
import signal
import struct
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from agents.aider import seccomp

# Numbers of the kernel's interface, the same on every architecture that has Landlock.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_RULE_PATH_BENEATH, _RULE_NET_PORT = 1, 2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_ABSTRACT_UNIX, _SCOPE_SIGNAL = 1 << 0, 1 << 1

READ = _READ_FILE | _READ_DIR
CHANGE = _WRITE_FILE | _TRUNCATE | _READ_FILE
CREATE = CHANGE | _READ_DIR | _MAKE_REG | _MAKE_DIR | _REMOVE_FILE | _REMOVE_DIR

_libc = ctypes.CDLL(None, use_errno=True)
Level = Literal["landlock", "none"]


class SandboxError(OSError):
    """The kernel refused a part of the sandbox; the process must not go on."""


@dataclass(frozen=True, kw_only=True)
class Walls:
    """What stays possible: folders or files with their rights, and one TCP port of any host."""

    readable: tuple[Path, ...]
    changeable: tuple[Path, ...] = ()
    fillable: tuple[Path, ...] = ()
    port: int | None = None


def landlock_abi() -> int:
    """Return the Landlock version of this kernel, 0 without it."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)))


def available_level() -> Level:
    """Say what `auto` means here: the sandbox where the kernel has both of its halves."""
    return "landlock" if landlock_abi() > 0 and seccomp.is_available() else "none"


def python_paths() -> tuple[Path, ...]:
    """Return what the running interpreter reads: its library, its packages, and this package."""
    names = {"stdlib", "platstdlib", "purelib", "platlib"}
    found = {Path(path) for name, path in sysconfig.get_paths().items() if name in names}
    return (*sorted(found), Path(__file__).resolve().parent)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; end now if it already has."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "pdeathsig")
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Have this process become the parent of what its children leave behind, in any group."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "child_subreaper")


def enter(walls: Walls) -> None:
    """Shut this process in, with every thread it starts later. There is no way back.

    Raises SandboxError when the kernel lacks Landlock or seccomp, or refuses.
    """
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _restrict(walls)
    _drop_capabilities()
    seccomp.install()


def _restrict(walls: Walls) -> None:
    abi = landlock_abi()
    if abi < 1:
        raise SandboxError("this kernel has no Landlock")
    files = _all_file_rights(abi)
    network = _BIND_TCP | _CONNECT_TCP if abi >= 4 else 0
    scopes = _SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL if abi >= 6 else 0
    attributes = struct.pack("QQQ", files, network, scopes)[
        : 8 if abi < 4 else 16 if abi < 6 else 24
    ]
    ruleset = _check(_libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0), "ruleset")
    try:
        for paths, rights in (
            (walls.readable, READ),
            (walls.changeable, CHANGE),
            (walls.fillable, CREATE),
        ):
            for path in paths:
                _allow_path(ruleset, path, rights & files)
        if network and walls.port is not None:
            _add(ruleset, _RULE_NET_PORT, struct.pack("QQ", _CONNECT_TCP, walls.port))
        _check(_libc.syscall(_RESTRICT_SELF, ruleset, 0), "restrict_self")
    finally:
        os.close(ruleset)


def _all_file_rights(abi: int) -> int:
    """Return every file right that this version can deny; what is not granted is denied."""
    bits = {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)
    return (1 << bits) - 1


def _allow_path(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not path.is_dir():
            rights &= _OF_A_FILE
        _add(ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, descriptor))
    finally:
        os.close(descriptor)


def _add(ruleset: int, kind: int, rule: bytes) -> None:
    _check(_libc.syscall(_ADD_RULE, ruleset, kind, rule, 0), "add_rule")


def _drop_capabilities() -> None:
    """Give up every capability: a worker that runs as root must not hand its powers on."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise SandboxError(number, f"{what}: {os.strerror(number)}")
    return int(result)


def port_of(api_base: str) -> int | None:
    """Return the TCP port that `api_base` names; its usual one when it names none."""
    parts = urlsplit(api_base)
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
