"""A server of ours, or stock Daphne, as a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil


@contextmanager
def serving(
    application: str, *, module: str = "parallagon.server", **environment: str
) -> Iterator[tuple[int, psutil.Process]]:
    """Serve an application; give its port and process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", module, "--port", str(port), "--verbosity", "0", application]
    # All clients are on one machine, and few people.
    settings = {**os.environ, "PORT": str(port), "PARALLAGON_SOCKETS_PER_USER": "10000"}
    settings |= environment
    with subprocess.Popen(command, env=settings) as process:
        try:
            wait_for(port)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Wait until a server takes connections, for two minutes at most."""
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def session_cookies(users: list[Any], *, port: int) -> list[str]:
    """Return the cookie of a session of each user."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    cookies = []
    for user in users:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        cookies.append(f"parallagon_{port}={session.session_key}")
    return cookies
