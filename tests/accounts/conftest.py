"""A provider that people of the tests may sign in by."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from tests.accounts import openid

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Any) -> Iterator[openid.Provider]:
    cache.clear()
    with openid.running() as server:
        settings.OIDC_ISSUER = server.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = openid.CLIENT, openid.SECRET
        settings.OIDC_NAME = "the Academy"
        yield server
