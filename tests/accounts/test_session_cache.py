"""Sessions live in the database: what Redis forgets, or its death, only costs time."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.contrib.sessions.backends import cached_db
from django.core.cache import cache
from django.test import Client

from parallagon.accounts.models import SignedIn
from parallagon.accounts.services import EndSession
from parallagon.accounts.store import COPY_SECONDS
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


def seconds_left(key: str) -> int:
    """Return how long Redis keeps what it has there."""
    redis: Any = cache
    seconds: int = redis.ttl(key)
    return seconds


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


def test_end_for_good_though_redis_was_out_of_reach(
    client: Client, valkey: Valkey, settings: Any
) -> None:
    """Redis keeps its copy of a session that ended meanwhile, but not for long."""
    client.force_login(make_user())
    key = f"{cached_db.KEY_PREFIX}{client.session.session_key}"
    with_redis = settings.CACHES
    nowhere = {**with_redis["default"], "LOCATION": f"{valkey.url}-nowhere"}

    settings.CACHES = {**with_redis, "default": nowhere}
    EndSession(session=SignedIn.objects.get()).execute()
    assert client.get("/api/v1/auth/me").status_code == 401
    settings.CACHES = with_redis

    assert 0 < seconds_left(key) <= COPY_SECONDS
    cache.delete(key)  # the minute is over
    assert client.get("/api/v1/auth/me").status_code == 401


def test_are_read_from_the_database_once_a_minute(
    client: Client, valkey: Valkey, django_assert_num_queries: Any
) -> None:
    client.force_login(make_user())
    key = f"{cached_db.KEY_PREFIX}{client.session.session_key}"
    cache.delete(key)

    with django_assert_num_queries(2):  # the session, the person
        client.get("/api/v1/auth/me")
    with django_assert_num_queries(1):  # the person
        client.get("/api/v1/auth/me")

    assert 0 < seconds_left(key) <= COPY_SECONDS
