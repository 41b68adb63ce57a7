"""The sandbox itself: code that is shut in tries what it must not be able to do."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from socket import socket

import pytest

from agents.aider import sandbox
from agents.aider.process import ROOT

pytestmark = pytest.mark.skipif(
    sandbox.available_level() == "none", reason="this kernel has no Landlock or seccomp"
)

# Each attempt answers the name of the errno, or "done".
PRELUDE = """
import errno, json, os, resource, socket, sys, ctypes
sys.path.insert(0, {root!r})
from pathlib import Path
from agents.aider import sandbox
here = Path({folder!r})
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
sandbox.enter(sandbox.Walls(
    readable=(*sandbox.python_paths(), here / "staging"),
    changeable=(here / "staging" / "mine.md",),
    fillable=(here / "home", here / "staging" / "production"),
    port={port},
))
def attempt(what):
    try:
        what()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Give the one port of this machine that stays open to what is shut in."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a part to write, one to read, and one outside the walls."""
    folder = tmp_path_factory.mktemp("walls")
    for name in ("staging/production", "home", "outside"):
        (folder / name).mkdir(parents=True)
    for path in ("staging/mine.md", "staging/read.md", "outside/secret.md"):
        (folder / path).write_text("text\n")
    return folder


def try_inside(folder: Path, port: int, attempts: list[str]) -> dict[str, str]:
    """Make the attempts in one process inside the walls, in order; say how each went."""
    code = textwrap.dedent(PRELUDE.format(root=str(ROOT), folder=str(folder), port=port))
    tries = ", ".join(f"{what!r}: attempt(lambda: {what})" for what in attempts)
    code += f"port = {port}\nprint(json.dumps({{{tries}}}))\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def answers(folder: Path, port: int) -> dict[str, str]:
    """Give how every attempt went."""
    return try_inside(folder, port, [*ALLOWED, *REFUSED])


ALLOWED = [
    "(here / 'staging/mine.md').write_text('new')",
    "(here / 'staging/read.md').read_text()",
    "(here / 'staging/production/new.md').write_text('new')",
    "(here / 'staging/production/part').mkdir()",
    "(here / 'home/any').write_text('new')",
    "socket.create_connection(('127.0.0.1', port))",
    "__import__('wave')",
    "__import__('threading').Thread(target=print).start()",
]

REFUSED = {
    # files
    "(here / 'outside/secret.md').read_text()": "EACCES",
    "(here / 'outside/new.md').write_text('x')": "EACCES",
    "(here / 'staging/read.md').write_text('x')": "EACCES",
    "(here / 'staging/new.md').write_text('x')": "EACCES",
    "(here / 'staging/mine.md').unlink()": "EACCES",
    "os.rename(here / 'outside/secret.md', here / 'home/x')": "EACCES",
    "os.link(here / 'outside/secret.md', here / 'home/x')": "EXDEV",
    "os.symlink('/etc/passwd', here / 'home/x')": "EACCES",
    "os.mkfifo(here / 'home/x')": "EACCES",
    "os.listdir(here / 'outside')": "EACCES",
    "open('/etc/shadow').read()": "EACCES",
    "open('/etc/passwd').read()": "EACCES",
    "open('/proc/self/environ').read()": "EACCES",
    "open('/dev/zero').read(1)": "EACCES",
    "os.truncate(here / 'outside/secret.md', 0)": "EPERM",
    "os.chmod(here / 'outside', 0)": "EPERM",
    "os.chmod(here / 'staging/mine.md', 0o4777)": "EPERM",
    "os.chown(here / 'outside/secret.md', os.getuid(), os.getgid())": "EPERM",
    "os.utime(here / 'outside/secret.md', (0, 0))": "EPERM",
    "os.setxattr(here / 'outside/secret.md', 'user.mark', b'x')": "EPERM",
    "os.chroot(here / 'home')": "EPERM",
    # processes
    "os.execv('/bin/true', ['true'])": "EPERM",
    "os.execv(sys.executable, ['python'])": "EPERM",
    "os.fork()": "EPERM",
    "os.posix_spawn('/bin/true', ['true'], {})": "EPERM",
    "os.setsid()": "EPERM",
    "os.setpgid(0, 0)": "EPERM",
    "os.kill(os.getppid(), 0)": "EPERM",
    "os.pidfd_open(os.getppid())": "EPERM",
    "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))": "EPERM",
    "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)": "EPERM",
    "os.sched_setaffinity(os.getppid(), {0})": "EPERM",
    "os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))": "EPERM",
    "sandbox.die_with(os.getppid())": "EPERM",
    "call(101, 16, os.getppid(), 0, 0) if os.uname().machine == 'x86_64' else call(117, 16, 1, 0)":
        "EPERM",
    "os.unshare(0x10000000) if hasattr(os, 'unshare') else call(272, 0x10000000)": "EPERM",
    # network
    "socket.create_connection(('127.0.0.1', port + 1))": "EACCES",
    "socket.create_connection(('127.0.0.1', 22))": "EACCES",
    "socket.socket().bind(('127.0.0.1', 0))": "EPERM",
    "socket.socket().listen()": "EPERM",
    "socket.socket().sendto(b'x', 0x20000000, ('127.0.0.1', port + 1))": "EPERM",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)": "EPERM",
    "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)": "EPERM",
    "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)": "EPERM",
    "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)": "EPERM",
    "socket.socket(socket.AF_UNIX)": "EPERM",
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)": "EPERM",
    "socket.socketpair()": "EPERM",
    "call(425, 8, 0)": "EPERM",
}  # fmt: skip


class TestSandbox:
    @pytest.mark.parametrize("what", ALLOWED)
    def test_lets_a_run_do_its_work(self, answers: dict[str, str], what: str) -> None:
        assert answers[what] == "done"

    @pytest.mark.parametrize("what", REFUSED)
    def test_refuses_the_rest(self, answers: dict[str, str], folder: Path, what: str) -> None:
        assert answers[what] == REFUSED[what]
        assert (folder / "outside/secret.md").read_text() == "text\n"
        assert [path.name for path in (folder / "outside").iterdir()] == ["secret.md"]

    def test_cannot_be_left_by_entering_a_wider_one(self, folder: Path, port: int) -> None:
        wider = "sandbox.enter(sandbox.Walls(readable=(Path('/'),)))"
        what = f"({wider}, open('/etc/passwd').read())"

        assert try_inside(folder, port, [what]) == {what: "EACCES"}


class TestAvailableLevel:
    def test_is_none_without_landlock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sandbox, "landlock_abi", lambda: 0)

        assert sandbox.available_level() == "none"
