"""A morning with the demo: what people, agents and their pages read comes from the cache."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from prometheus_client import REGISTRY
from rest_framework.test import APIClient

from agents.fingerprint import files_of, fingerprint
from agents.models import Agent
from agents.roles import registry
from missions import cache
from missions.landing import Author, Change, land
from missions.models import Mission, MissionFile
from missions.services import CreateDemo
from missions.staging import stage
from parallagon.accounts.models import User
from tests.agents.factories import NOW
from tests.factories import make_user

ROUNDS = 3
GOAL = 0.9


@pytest.fixture(autouse=True)
def private_data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def owner(db: None) -> User:
    return make_user()


@pytest.fixture
def demo(owner: User) -> Iterator[Mission]:
    """Return the demo as it lies on disk after everything was started anew."""
    mission = CreateDemo(owner=owner, language="en", now=NOW).execute()
    cache.background().wait()
    forget()
    yield mission
    cache.background().wait()


def forget() -> None:
    cache.memory().clear()
    caches["contents"].clear()


def reads(level: str, result: str) -> float:
    labels = {"cache": "contents", "level": level, "result": result}
    return REGISTRY.get_sample_value("parallagon_cache_reads_total", labels) or 0


class Page:
    """The editor page of one person."""

    def __init__(self, user: User, mission: Mission) -> None:
        self._http = APIClient()
        self._http.force_authenticate(user)
        self._root = f"/api/v1/missions/{mission.pk}/files/"

    def _get(self, rest: str = "") -> dict[str, Any]:
        answer = self._http.get(self._root + rest)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def open(self) -> None:
        """See the tree, then each file."""
        paths = [file["path"] for file in self._get()["results"]]
        cache.background().wait()
        for path in paths:
            self._get(path)

    def look_at_change(self, path: str) -> None:
        """See a file that has changed, and what is different."""
        now = self._get(path)["revision"]
        self._get(f"{path}/revisions/{now}/")
        self._get(f"{path}/diff?from={now - 1}&to={now}")

    def write(self, path: str, line: str) -> None:
        file = self._get(path)
        body = {"text": file["text"] + line, "base": file["revision"]}
        assert self._http.put(self._root + path, body, format="json").status_code == 200


def cycle(mission: Mission, agent: Agent, *, into: Path, number: int) -> None:
    """Let an agent look, copy what it sees, and land a line in its own document."""
    role = registry.get(agent.role)
    patterns = role.list_files()
    fingerprint(agent, role, mission=mission, files=files_of(mission.pk))
    reading = (*patterns.watches, *patterns.reads)
    staged = stage(mission, into=into, writes=patterns.writes, reads=reading, now=NOW)
    path = f"{agent.role}.md"
    file = staged.files[path]
    change = Change(path=path, text=f"{file.text}\nRound {number}.\n", base=file.number)
    land(mission, [change], author=Author.SYSTEM, now=NOW)


def test_nine_reads_of_ten_are_spared_the_disk(demo: Mission, owner: User, tmp_path: Path) -> None:
    page, other = Page(owner, demo), Page(owner, demo)
    asked, missed, from_disk = (
        reads("memory", "hit"), reads("memory", "miss"), reads("disk", "hit"),
    )  # fmt: skip

    page.open()
    for number in range(ROUNDS):
        page.write("demande.md", f"Also {number}.\n")
        other.look_at_change("demande.md")
        for agent in demo.agents.all():
            cycle(demo, agent, into=tmp_path / f"{agent.role}-{number}", number=number)
            for someone in (page, other):
                someone.look_at_change(f"{agent.role}.md")
    cache.background().wait()
    cache.memory().clear()  # the web is started anew; Redis still has everything
    other.open()

    total = reads("memory", "hit") - asked + reads("memory", "miss") - missed
    disk = reads("disk", "hit") - from_disk
    files = MissionFile.objects.filter(mission=demo).count()
    assert disk == files  # each text that was there before, once
    assert total > 100
    assert 1 - disk / total >= GOAL
