"""A seccomp filter for what Landlock does not govern: exec, fork, tracing, other sockets, io_uring,
modes and times of files, and what one process may do to another of the same user.

A list of what is denied, not of what is allowed: the C library and Python change which calls they
make from one release to the next, and a child must not die of that.
"""

import ctypes
import errno
import os
import platform
import socket
import struct

_PR_GET_SECCOMP, _PR_SET_SECCOMP, _MODE_FILTER = 21, 22, 2
_MSG_FASTOPEN = 0x20000000
_CLONE_THREAD = 0x00010000
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_PR_SET_PDEATHSIG = 1
_X32_BIT = 0x40000000

# Instructions of classic BPF, and what they read from struct seccomp_data.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _AND, _RETURN = (
    0x20,
    0x15,
    0x35,
    0x45,
    0x54,
    0x06,
)
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

# For each architecture: its audit number and its column in the tables below.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

_DENIED: dict[str, tuple[int, int]] = {
    # running programs, leaving the process group
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, -1), "vfork": (58, -1),
    "setsid": (112, 157), "setpgid": (109, 154),
    # reaching into other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "kcmp": (312, 272),
    # serving, and calls that Landlock or this filter would not see
    "bind": (49, 200), "listen": (50, 201), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # System V and POSIX messages: shared with every process of the user, whose numbers are guessed
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190),
    "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # files by name, wherever they lie: their mode, owner, attributes, times, length, and what
    # happens to them
    "chmod": (90, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, -1), "fchown": (93, 55), "lchown": (94, -1), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "setxattrat": (463, 463),
    "removexattrat": (466, 466), "utime": (132, -1), "utimes": (235, -1), "futimesat": (261, -1),
    "utimensat": (280, 88), "truncate": (76, 45), "inotify_init": (253, -1),
    "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    # slowing other processes of the user down
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "process_mrelease": (448, 448),
    # the kernel's wider surface
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432),
    "fsconfig": (431, 431), "fspick": (433, 433), "syslog": (103, 116),
    "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "personality": (135, 92),
}  # fmt: skip
_SOCKET, _SOCKETPAIR = (41, 198), (53, 199)
_CLONE, _CLONE3 = (56, 220), (435, 435)
_SENDTO, _SENDMSG, _SENDMMSG = (44, 206), (46, 211), (307, 269)
_PRLIMIT, _PRCTL = (302, 261), (157, 167)


def is_available() -> bool:
    """Say whether this kernel takes filters and this machine's calls are known here."""
    libc = ctypes.CDLL(None)
    return platform.machine() in _MACHINES and libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def install() -> None:
    """Put the filter on this process for good. Raises OSError when the kernel refuses.

    The process must have given up new privileges before.
    """
    program = _program(platform.machine())
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _program(machine: str) -> bytes:
    architecture, column = _MACHINES[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_JUMP_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        steps += [_step(_JUMP_AT_LEAST, _X32_BIT, 0, 1), _deny(errno.ENOSYS)]
    for numbers in _DENIED.values():
        if numbers[column] >= 0:
            steps += [_step(_JUMP_EQUAL, numbers[column], 0, 1), _deny(errno.EPERM)]
    # The C library falls back to clone, whose flags a filter can read.
    steps += [_step(_JUMP_EQUAL, _CLONE3[column], 0, 1), _deny(errno.ENOSYS)]
    steps += _when(_CLONE[column], [*_unless_bits(0, _CLONE_THREAD), *_if_bits(0, _NEW_NAMESPACES)])
    # The limits of another process could be lowered until it dies, and outliving the engine is
    # one call away.
    steps += _when(_PRLIMIT[column], _unless_equal(0, 0))
    steps += _when(_PRCTL[column], _if_equal(0, _PR_SET_PDEATHSIG))
    for numbers, flags in ((_SENDTO, 3), (_SENDMSG, 2), (_SENDMMSG, 3)):
        steps += _when(numbers[column], _if_bits(flags, _MSG_FASTOPEN))
    steps += _when(_SOCKET[column], _only_tcp())
    steps += [_step(_JUMP_EQUAL, _SOCKETPAIR[column], 0, 1), _deny(errno.EPERM)]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def _only_tcp() -> list[bytes]:
    """Deny sockets that are not plain TCP over IP: Landlock governs no other protocol."""
    return [
        _load(0),
        _step(_JUMP_EQUAL, socket.AF_INET, 2, 0),
        _step(_JUMP_EQUAL, socket.AF_INET6, 1, 0),
        _deny(errno.EPERM),
        _load(1),
        _step(_AND, 0xF),
        _step(_JUMP_EQUAL, socket.SOCK_STREAM, 1, 0),
        _deny(errno.EPERM),
        _load(2),
        _step(_JUMP_EQUAL, 0, 2, 0),
        _step(_JUMP_EQUAL, socket.IPPROTO_TCP, 1, 0),
        _deny(errno.EPERM),
    ]


def _unless_bits(argument: int, bits: int) -> list[bytes]:
    return [_load(argument), _step(_JUMP_ANY_BIT, bits, 1, 0), _deny(errno.EPERM)]


def _if_bits(argument: int, bits: int) -> list[bytes]:
    return [_load(argument), _step(_JUMP_ANY_BIT, bits, 0, 1), _deny(errno.EPERM)]


def _unless_equal(argument: int, value: int) -> list[bytes]:
    return [_load(argument), _step(_JUMP_EQUAL, value, 1, 0), _deny(errno.EPERM)]


def _if_equal(argument: int, value: int) -> list[bytes]:
    return [_load(argument), _step(_JUMP_EQUAL, value, 0, 1), _deny(errno.EPERM)]


def _when(number: int, body: list[bytes]) -> list[bytes]:
    """Run `body` for one call; a call that it lets through is allowed."""
    whole = [*body, _step(_RETURN, _ALLOW)]
    return [_step(_JUMP_EQUAL, number, 0, len(whole)), *whole]


def _load(argument: int) -> bytes:
    """Load the low half of an argument; the kernel itself reads these as 32 bits."""
    return _step(_LOAD, _ARGUMENTS + 8 * argument)


def _deny(number: int) -> bytes:
    return _step(_RETURN, _ERRNO | number)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
