"""Run a command beside a PostgreSQL and a Redis of its own, which end with it.

``scripts/with_servers.py pytest -n 2`` finds ``PARALLAGON_TEST_DATABASE_URL`` and
``PARALLAGON_TEST_REDIS_URL`` in its environment. The servers of Debian's packages are looked for;
what they keep lies in a temporary folder, and nothing is synced to the disk.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

PATIENCE = 30  # seconds for a server to start
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def main(command: list[str]) -> int:
    """Run the command and return its exit code."""
    if not command:
        sys.exit("usage: scripts/with_servers.py COMMAND …")
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="parallagon-servers-"))
        )
        folder.chmod(0o755)  # PostgreSQL refuses to be root, and has to get in
        environment = {
            **os.environ,
            "PARALLAGON_TEST_DATABASE_URL": stack.enter_context(postgresql(folder / "postgresql")),
            "PARALLAGON_TEST_REDIS_URL": stack.enter_context(redis(folder / "redis")),
        }
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
        return subprocess.run(command, env=environment, check=False).returncode


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Start a cluster in ``folder`` and yield the address of its database.

    It sorts by the rules of a language, as most do: nothing may count on the order of bytes.
    """
    programs = postgresql_programs()
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    subprocess.run(
        [
            *(str(programs / "initdb"), "--pgdata", str(data), "--no-sync"),
            *("--username", "parallagon", "--auth", "trust", "--encoding", "UTF8"),
            *("--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en-US"),
        ],
        cwd=folder,
        user=user,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    options = [f"unix_socket_directories={folder}", "listen_addresses=", *FAST]
    settings = [part for option in options for part in ("-c", option)]
    server = [str(programs / "postgres"), "-D", str(data), *settings]
    with running(server, folder=folder, stop=signal.SIGINT, user=user):
        client = [str(programs / "pg_isready"), "--quiet", "--host", str(folder)]
        wait_for("PostgreSQL", lambda: subprocess.run(client, check=False).returncode == 0, folder)
        yield f"postgres://parallagon@{quote(str(folder), safe='')}/postgres"


def postgresql_programs() -> Path:
    """Return the folder of PostgreSQL's programs, the newest."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        sys.exit("PostgreSQL is not here: apt-get install postgresql redis-server")
    return newest.parent


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Start a Redis on a free port and yield its address."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        sys.exit("Neither Redis nor Valkey is here: apt-get install redis-server")
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {"bind": "127.0.0.1", "port": str(port), "dir": str(folder), "save": ""}
    settings = [part for name, value in options.items() for part in (f"--{name}", value)]
    with running([program, *settings], folder=folder, stop=signal.SIGTERM):
        wait_for("Redis", lambda: answers(port), folder)
        yield f"redis://127.0.0.1:{port}/0"


def answers(port: int) -> bool:
    """Tell whether someone listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(
    command: list[str], *, folder: Path, stop: signal.Signals, user: str | None = None
) -> Iterator[None]:
    """Run a server, its output in ``folder``; a Ctrl-C is for the command, not for the servers."""
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, user=user, stdout=log, stderr=log, process_group=0
        )
        try:
            yield
        finally:
            server.send_signal(stop)
            server.wait(PATIENCE)


def wait_for(name: str, is_up: Callable[[], bool], folder: Path) -> None:
    """Wait until a server answers, or show what it said."""
    end = time.monotonic() + PATIENCE
    while not is_up():
        if time.monotonic() > end:
            sys.exit(f"{name} did not start:\n{(folder / 'log').read_text(errors='replace')}")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
