"""``manage.py healthy NAME``: does this container's process work? For a health check."""

import http.client
import socket
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import CommandParser

from parallagon.core.heartbeats import alive
from parallagon.management.base import FriendlyCommand


class Command(FriendlyCommand):
    help = "Exit with 0 if the web answers here, or the worker of that name was heard of here."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the name."""
        parser.add_argument("name")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Ask, and say why not."""
        reason = _web() if name == "web" else _worker(name)
        if reason:
            self.stderr.write(f"{name}: {reason}")
            raise SystemExit(1)


def _web() -> str:
    """Return why the web does not answer, or nothing; ask as the proxy would."""
    headers = {"Host": settings.ALLOWED_HOSTS[0], "X-Forwarded-Proto": "https"}
    connection = http.client.HTTPConnection("127.0.0.1", settings.PORT, timeout=4)
    try:
        connection.request("GET", "/health/live", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()
    return "" if status == http.HTTPStatus.OK else f"it answers {status}"


def _worker(name: str) -> str:
    try:
        here = {one.name for one in alive() if one.host == socket.gethostname()}
    except redis.RedisError as error:
        return str(error)
    return "" if name in here else "it was not heard of"
