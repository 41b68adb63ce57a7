"""Sessions live in the database: what Redis forgets, or its death, only costs time."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_user
from tests.valkey import Valkey

pytestmark = pytest.mark.django_db


@pytest.fixture
def valkey(settings: Any) -> Iterator[Valkey]:
    with TemporaryDirectory() as folder:
        server = Valkey(Path(folder))
        server.start()
        options = {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 2, "SOCKET_TIMEOUT": 2}
        backend = "django_redis.cache.RedisCache"
        default = {"BACKEND": backend, "LOCATION": server.url, "OPTIONS": options}
        settings.CACHES = {**settings.CACHES, "default": default}
        yield server
        server.kill()


def test_outlive_the_death_of_redis_and_its_return(client: Client, valkey: Valkey) -> None:
    client.force_login(make_user())
    assert client.get("/api/v1/auth/me").status_code == 200

    valkey.kill()
    assert client.get("/api/v1/auth/me").status_code == 200
    another = Client()
    another.force_login(make_user())
    assert another.get("/api/v1/auth/me").status_code == 200

    valkey.start()
    assert client.get("/api/v1/auth/me").status_code == 200
    assert another.get("/api/v1/auth/me").status_code == 200


def test_outlive_what_redis_forgets(client: Client, valkey: Valkey) -> None:
    client.force_login(make_user())

    assert valkey.ask("flushall")

    assert client.get("/api/v1/auth/me").status_code == 200
