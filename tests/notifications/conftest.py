"""A mission with its people, who are told things."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from channels.layers import channel_layers
from django.core.cache import cache
from rest_framework.test import APIClient

from missions.models import Membership, Mission
from notifications.models import Notification
from notifications.services import Notify
from parallagon.accounts.models import User
from tests.factories import make_user

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
Role = Membership.Role


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Give each test a layer of its own, and nothing counted against it."""
    channel_layers.backends.clear()
    cache.clear()
    yield
    channel_layers.backends.clear()


@pytest.fixture
def owner(db: None) -> User:
    return make_user(username="ada", first_name="Ada", email="ada@example.org")


@pytest.fixture
def stranger(db: None) -> User:
    return make_user(username="stranger")


@pytest.fixture
def mission(owner: User) -> Mission:
    mission = Mission.objects.create(owner=owner, title="A guide", model="offline/writer")
    Membership.objects.create(mission=mission, user=owner, role=Role.OWNER)
    return mission


@pytest.fixture
def editor(mission: Mission) -> User:
    return member(mission, Role.EDITOR)


@pytest.fixture
def viewer(mission: Mission) -> User:
    return member(mission, Role.VIEWER)


def member(mission: Mission, role: Membership.Role) -> User:
    user = make_user(username=role.value, email=f"{role.value}@example.org")
    Membership.objects.create(mission=mission, user=user, role=role)
    return user


def browser(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


@pytest.fixture
def client(owner: User) -> APIClient:
    return browser(owner)


def tell(mission: Mission, kind: str = "mission.settled", **fields: Any) -> list[Notification]:
    """Tell those whom it concerns, now."""
    fields.setdefault("now", datetime.now(UTC))
    return Notify(type=kind, mission=mission, **fields).execute()
