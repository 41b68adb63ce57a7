"""People and missions for tests, with the least that each needs."""

import shutil
from collections.abc import Mapping
from itertools import count
from typing import Any

from django.utils import timezone

from missions.landing import Author, Change, Landing, land
from missions.models import Membership, Mission
from missions.storage import FileManager
from parallagon.accounts.models import User

_numbers = count(1)


def make_user(**fields: Any) -> User:
    """Return a person who may sign in."""
    fields.setdefault("username", f"person-{next(_numbers)}")
    return User.objects.create_user(**fields)


def make_mission(
    *, owner: User | None = None, files: Mapping[str, str] | None = None, **fields: Any
) -> Mission:
    """Return a mission with its folder, whose ``files`` (path → text) are there already."""
    owner = owner or make_user()
    fields = {"title": "A mission", "language": "en", "model": "offline/writer", **fields}
    mission = Mission.objects.create(owner=owner, **fields)
    Membership.objects.create(mission=mission, user=owner, role=Membership.Role.OWNER)
    # A number comes back when a test is rolled back; what lay in its folder must not.
    shutil.rmtree(FileManager(mission).root, ignore_errors=True)
    FileManager(mission).create()
    if files:
        write_files(mission, files)
    return mission


def write_files(mission: Mission, files: Mapping[str, str]) -> Landing:
    """Create files as Parallagon itself does with its templates."""
    changes = [Change(path=path, text=text, base=None) for path, text in files.items()]
    return land(mission, changes, author=Author.SYSTEM, now=timezone.now())
