"""The filter itself, for both architectures, and every denied call in a real process."""

import errno
import functools
import itertools
import json
import platform
import re
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from agents.aider import sandbox, seccomp
from agents.aider.process import ROOT

MACHINES = ("x86_64", "aarch64")
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
THREAD, PARTS_OF_A_THREAD = 0x10000, 0x3D0F00
UDP, TCP, RAW, MPTCP = 17, 6, 255, 262


def verdict(machine: str, name: str, *arguments: int) -> str:
    """Return what the filter answers to a call, by carrying out its program as the kernel does."""
    column = MACHINES.index(machine)
    numbers = {**seccomp._DENIED, **OTHERS}[name]
    return judge(machine, seccomp._MACHINES[machine][0], numbers[column], arguments)


@functools.cache
def steps_for(machine: str) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("HBBI", seccomp._program(machine)))


def judge(machine: str, architecture: int, number: int, arguments: tuple[int, ...] = ()) -> str:
    """Carry out the filter of `machine` on one call."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *(one % 2**64 for one in padded))
    program = steps_for(machine)
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = program[at]
        match code:
            case seccomp._LOAD:
                (accumulator,) = struct.unpack_from("=I", data, value)
                at += 1
            case seccomp._AND:
                accumulator &= value
                at += 1
            case seccomp._RETURN:
                return answer(value)
            case _:
                is_met = {
                    seccomp._JUMP_EQUAL: accumulator == value,
                    seccomp._JUMP_AT_LEAST: accumulator >= value,
                    seccomp._JUMP_ANY_BIT: bool(accumulator & value),
                }[code]
                at += 1 + (if_true if is_met else if_false)


def answer(value: int) -> str:
    if value == seccomp._ALLOW:
        return "allowed"
    if value == seccomp._KILL:
        return "killed"
    assert value & 0xFFFF0000 == seccomp._ERRNO
    return errno.errorcode[value & 0xFFFF]


OTHERS = {
    "socket": seccomp._SOCKET, "socketpair": seccomp._SOCKETPAIR, "clone": seccomp._CLONE,
    "clone3": seccomp._CLONE3, "sendto": seccomp._SENDTO, "sendmsg": seccomp._SENDMSG,
    "sendmmsg": seccomp._SENDMMSG, "prlimit64": seccomp._PRLIMIT, "prctl": seccomp._PRCTL,
    "read": (0, 63), "openat": (257, 56), "connect": (42, 203), "futex": (202, 98),
    "execveat": (322, 281), "mmap": (9, 222), "exit_group": (231, 94),
}  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
class TestProgram:
    def test_denies_every_call_of_its_list(self, machine: str) -> None:
        there = {
            name: verdict(machine, name)
            for name, numbers in seccomp._DENIED.items()
            if numbers[MACHINES.index(machine)] >= 0
        }

        assert len(there) > 70
        assert set(there.values()) == {"EPERM"}

    @pytest.mark.parametrize("name", ["read", "openat", "connect", "futex", "mmap", "exit_group"])
    def test_allows_what_a_run_lives_by(self, machine: str, name: str) -> None:
        assert verdict(machine, name) == "allowed"

    def test_allows_plain_tcp_and_no_other_socket(self, machine: str) -> None:
        internet, kinds = {socket.AF_INET, socket.AF_INET6}, range(1, 7)
        protocols = (0, TCP, UDP, RAW, MPTCP)
        flags = socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK

        allowed = {
            (family, kind, protocol)
            for family, kind, protocol in itertools.product(range(46), kinds, protocols)
            if verdict(machine, "socket", family, kind | flags, protocol) == "allowed"
        }

        assert allowed == set(itertools.product(internet, [socket.SOCK_STREAM], [0, TCP]))

    def test_allows_threads_and_neither_processes_nor_namespaces(self, machine: str) -> None:
        assert verdict(machine, "clone", THREAD | PARTS_OF_A_THREAD) == "allowed"
        assert verdict(machine, "clone", 17) == "EPERM"
        assert verdict(machine, "clone3") == "ENOSYS"
        for bit in (17, 25, 26, 27, 28, 29, 30):
            assert verdict(machine, "clone", THREAD | 1 << bit) == "EPERM"

    def test_allows_no_other_limits_than_its_own(self, machine: str) -> None:
        assert verdict(machine, "prlimit64", 0) == "allowed"
        assert verdict(machine, "prlimit64", 4711) == "EPERM"
        assert verdict(machine, "prctl", 1) == "EPERM"
        assert verdict(machine, "prctl", 15) == "allowed"

    @pytest.mark.parametrize(("name", "place"), [("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)])
    def test_allows_no_connection_made_by_sending(
        self, machine: str, name: str, place: int
    ) -> None:
        arguments = [0] * 6
        assert verdict(machine, name, *arguments) == "allowed"
        arguments[place] = socket.MSG_FASTOPEN
        assert verdict(machine, name, *arguments) == "EPERM"

    def test_kills_a_call_of_another_architecture(self, machine: str) -> None:
        others = {0x40000003, 0x40000028, *(number for number, _ in seccomp._MACHINES.values())}

        for architecture in others - {seccomp._MACHINES[machine][0]}:
            assert judge(machine, architecture, 0) == "killed"

    def test_names_the_numbers_of_the_kernel(self, machine: str) -> None:
        header = HEADERS[machine]
        if not header.exists():
            pytest.skip(f"the kernel's headers for {machine} are not installed")
        found = re.findall(r"__NR(?:3264)?_(\w+)\s+(\d+)\n", header.read_text())
        known = {name: int(number) for name, number in found}

        for name, numbers in (seccomp._DENIED | OTHERS).items():
            number = numbers[MACHINES.index(machine)]
            assert known.get(name, number) == number, name


class TestProgramForX86:
    def test_denies_the_calls_of_the_x32_kind(self) -> None:
        audit = seccomp._MACHINES["x86_64"][0]

        assert judge("x86_64", audit, 0x40000000 | 59) == "ENOSYS"


TRY_EVERYTHING = """
import ctypes, errno, json, os, sys
sys.path.insert(0, sys.argv[1])
from agents.aider import seccomp
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
seccomp.install()
said = {}
for name, number in json.loads(sys.argv[2]).items():
    ctypes.set_errno(0)
    result = libc.syscall(number, *[ctypes.c_long(-1)] * 6)
    said[name] = errno.errorcode.get(ctypes.get_errno(), "") if result < 0 else "done"
print(json.dumps(said))
"""


@pytest.mark.skipif(
    sandbox.available_level() == "none", reason="this kernel has no Landlock or seccomp"
)
class TestInstalled:
    def test_denies_every_call_in_a_real_process(self) -> None:
        column = MACHINES.index(platform.machine())
        denied = {name: numbers[column] for name, numbers in seccomp._DENIED.items()}
        there = {name: number for name, number in denied.items() if number >= 0}

        done = subprocess.run(
            [sys.executable, "-c", TRY_EVERYTHING, str(ROOT), json.dumps(there)],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip

        said = json.loads(done.stdout)
        assert said == dict.fromkeys(there, "EPERM")
