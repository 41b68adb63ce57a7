"""A mission with its people, and a browser for each of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions import hooks
from missions.landing import Author, Change, land
from missions.models import Membership, Mission, Proposal
from parallagon.accounts.models import User
from tests.factories import make_mission, make_user

TEXT = "# Title\n\nFirst.\n\nSecond.\n\nThird.\n"
REQUEST = "Write a short guide.\n"
Role = Membership.Role
Browser = Callable[[User], APIClient]
Propose = Callable[..., Proposal]


@pytest.fixture(autouse=True)
def private_data(settings: Any, tmp_path: Path) -> Path:
    """Give each test a data directory of its own: mission numbers come back, folders must not."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what other apps do when something happens to a mission."""
    for name in (
        "on_created",
        "on_landed",
        "on_updated",
        "on_reset",
        "on_joined",
        "on_archived",
        "on_purged",
        "activity",
        "runs",
        "spending",
    ):
        monkeypatch.setattr(hooks, name, [])


@pytest.fixture
def owner(db: None) -> User:
    return make_user(username="ada", first_name="Ada", last_name="Lovelace")


@pytest.fixture
def stranger(db: None) -> User:
    return make_user(username="stranger")


@pytest.fixture
def mission(owner: User) -> Mission:
    return make_mission(owner=owner, files={"demande.md": REQUEST, "production.md": TEXT})


@pytest.fixture
def editor(mission: Mission) -> User:
    return _member(mission, Role.EDITOR)


@pytest.fixture
def viewer(mission: Mission) -> User:
    return _member(mission, Role.VIEWER)


def _member(mission: Mission, role: Membership.Role) -> User:
    user = make_user(username=role.value)
    Membership.objects.create(mission=mission, user=user, role=role)
    return user


def browser(user: User) -> APIClient:
    """Return a client that is signed in by session, as a browser is."""
    client = APIClient()
    client.force_login(user)
    return client


@pytest.fixture
def client(owner: User) -> APIClient:
    """Return the owner's browser."""
    return browser(owner)


@pytest.fixture
def url(mission: Mission) -> str:
    return f"/api/v1/missions/{mission.pk}/"


@pytest.fixture
def propose(mission: Mission) -> Propose:
    """Make a proposal of what a run wants: path → text."""

    def make(**texts: str | None) -> Proposal:
        changes = [
            Change(path=f"{name}.md", text=text, base=1 if name == "production" else None)
            for name, text in texts.items()
        ]
        author = Author.agent("production", uuid4())
        reason = Proposal.Reason.REVIEW
        landing = land(mission, changes, author=author, now=timezone.now(), propose=reason)
        assert landing.proposal is not None
        return landing.proposal

    return make


@pytest.fixture
def root(private_data: Path, tmp_path_factory: pytest.TempPathFactory, settings: Any) -> Path:
    root = tmp_path_factory.mktemp("texts")
    settings.PARALLAGON_EXTERNAL_ROOTS = [root]
    return root


@pytest.fixture
def folder(root: Path) -> Path:
    """Somebody's folder: a request, more texts, and what is no text."""
    folder = root / "guide"
    (folder / "production").mkdir(parents=True)
    (folder / "demande.md").write_text("# My request\n")
    (folder / "production" / "a.md").write_text("# A\n")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.toml").write_text("secret\n")
    return folder
