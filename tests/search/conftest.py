"""A person with missions, and short ways to index and to find."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from missions.models import Mission
from parallagon.accounts.models import User
from parallagon.search.selectors import Found, search, shown
from parallagon.search.services import UpdateIndex
from tests.factories import make_mission, make_user

GUIDE = "# Guide\n\nThe first chapter.\n\nWater the orchids twice a week.\n"
Find = Callable[..., list[Found]]


@pytest.fixture(autouse=True)
def private_data(settings: Any, tmp_path: Path) -> Path:
    """Give each test a data directory of its own: mission numbers come back, folders must not."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def owner(db: None) -> User:
    return make_user(username="ada")


@pytest.fixture
def mission(owner: User) -> Mission:
    files = {"demande.md": "Write about plants.\n", "production.md": GUIDE}
    return make_mission(owner=owner, title="The greenhouse", files=files)


@pytest.fixture
def find(owner: User, mission: Mission) -> Find:
    """Return how the owner, or someone else, searches; the index is brought up to date first."""

    def find(text: str, *, user: User = owner, **options: Any) -> list[Found]:
        UpdateIndex(seconds=60).execute()
        return list(shown(search(user=user, text=text, **options), text))

    return find
