"""The client for Python against a real server: by socket, and by the feed where none is had."""

import asyncio
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.test import Client as Browser
from rest_framework_simplejwt.tokens import AccessToken

from missions.models import Mission
from parallagon.accounts.models import User
from tests.events.conftest import publish_later
from tests.installation import free_port
from tests.waiting import listens, wait_until

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]
FILE = ROOT / "clients/python/parallagon_client.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("parallagon_client", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


client = load()


class Server:
    """The application on a port of its own, with this test's database."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        code = (
            "import os, django; from django.conf import settings; django.setup();"
            "settings.DATABASES['default']['NAME'] = os.environ['TEST_DATABASE'];"
            "from parallagon.server import CommandLine; CommandLine.entrypoint()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "--port", str(self.port), "parallagon.asgi:application"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "parallagon.settings.test",
                "TEST_DATABASE": str(django_settings.DATABASES["default"]["NAME"]),
                # The same secrets.
                "PARALLAGON_TEST_DATA_DIR": os.environ["PARALLAGON_DATA_DIR"],
                "PORT": str(self.port),
            },
        )
        wait_until(lambda: listens(self.port))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def cookie(owner: User, server: Server) -> str:
    browser = Browser()
    browser.force_login(owner)
    key = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
    return f"parallagon_{server.port}={key}"


async def read(following: Any, count: int) -> list[dict[str, Any]]:
    return [await asyncio.wait_for(anext(following), 30) for _ in range(count)]


def numbers(events: list[dict[str, Any]]) -> list[Any]:
    return [event["seq"] for event in events]


class TestFollow:
    async def test_by_socket_across_a_server_that_dies(
        self, server: Server, mission: Mission, cookie: str
    ) -> None:
        await publish_later(mission, 2)
        async with client.Client(server.url, cookie=cookie) as one:
            following = one.follow(mission=mission.pk, after=0)
            assert numbers(await read(following, 2)) == [1, 2]

            server.kill()
            await publish_later(mission, 3)
            await sync_to_async(server.start)()

            assert numbers(await read(following, 3)) == [3, 4, 5]

    async def test_by_the_feed_where_no_socket_is_had(
        self,
        server: Server,
        mission: Mission,
        owner: User,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        token = str(await sync_to_async(AccessToken.for_user)(owner))
        async with client.Client(server.url, token=token) as one:
            refuse_sockets(one, monkeypatch)
            following = one.follow(mission=mission.pk, after=0, types=["file.removed"])
            await publish_later(mission, 2)
            assert numbers(await read(following, 2)) == [1, 2]
            await publish_later(mission, 1)
            assert numbers(await read(following, 1)) == [3]

    async def test_says_so_when_it_may_not(
        self, server: Server, mission: Mission, stranger: User
    ) -> None:
        token = str(await sync_to_async(AccessToken.for_user)(stranger))
        async with client.Client(server.url, token=token) as one:
            with pytest.raises(client.Refused):
                await read(one.follow(mission=mission.pk, after=0), 1)


def refuse_sockets(one: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every handshake fail, as a proxy does that knows no WebSockets."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no sockets here")

    monkeypatch.setattr(one._http, "ws_connect", refuse)
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
