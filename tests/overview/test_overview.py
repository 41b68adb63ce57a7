"""How the whole is doing, for those who may know."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from agents.models import Agent
from missions.models import Mission
from parallagon.accounts.models import User
from parallagon.overview import snapshot
from parallagon.overview.consumers import OverviewConsumer
from parallagon.routing import websockets
from tests.agents.factories import browser, make_agent, make_call, make_run
from tests.factories import make_mission, make_user, write_files
from tests.sockets import SocketClient

URL = "/api/v1/overview/"


@pytest.fixture(autouse=True)
def private_data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    cache.clear()


@pytest.fixture
def owner(db: None) -> User:
    return make_user()


@pytest.fixture
def staff(db: None) -> User:
    return make_user(is_staff=True)


@pytest.fixture
def mission(owner: User) -> Mission:
    """Return a mission with a run of each kind, and one call."""
    mission = make_mission(owner=owner)
    now = timezone.now()
    writer = make_agent(mission, "production", state=Agent.State.RUNNING)
    make_agent(mission, "suivi", next_run_at=now - timedelta(minutes=1))
    queued = make_agent(mission, "evaluation", state=Agent.State.QUEUED)
    make_run(writer, finished_at=now, outcome="failed")
    make_run(writer, finished_at=now - timedelta(minutes=30), outcome="changed")
    make_run(writer, finished_at=now - timedelta(hours=2), outcome="changed")
    make_run(queued, state="QUEUED", outcome="", queued_at=now - timedelta(seconds=90))
    running = make_run(
        writer, state="RUNNING", outcome="", worker="cycles@here", heartbeat_at=now, queued_at=now
    )
    make_call(running, cost="0.25", output_tokens=7)
    return mission


def look(user: User) -> dict[str, Any]:
    answer = browser(user).get(URL)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


class TestOverview:
    def test_a_member_sees_the_figures_of_their_missions(self, owner: User, mission: Mission):
        found = look(owner)

        assert found["missions"] == {"ACTIVE": 1}
        assert found["agents"] == {"by_state": {"IDLE": 1, "QUEUED": 1, "RUNNING": 1}, "late": 1}
        assert found["runs"] == {
            "last_hour": {"changed": 1, "failed": 1}, "last_minute": 1, "errors_last_minute": 1
        }  # fmt: skip
        queue = found["queue"]
        assert (queue["waiting"], queue["running"]) == (1, 1)
        assert 90 <= queue["oldest_seconds"] < 150
        assert [(one["name"], one["runs"]) for one in queue["workers"]] == [("cycles@here", 1)]
        assert float(found["spent_today"]["cost"]) == 0.25
        assert (found["spent_today"]["tokens"], found["spent_today"]["cap"]) == (7, None)
        assert found["installation"] is None

    def test_a_stranger_sees_nothing_of_them(self, mission: Mission):
        found = look(make_user())

        assert found["missions"] == found["agents"]["by_state"] == found["runs"]["last_hour"] == {}
        assert (found["queue"]["waiting"], found["queue"]["workers"]) == (0, [])
        assert float(found["spent_today"]["cost"]) == 0

    def test_staff_see_the_installation(self, staff: User, mission: Mission):
        found = look(staff)

        assert found["missions"] == {"ACTIVE": 1}
        assert float(found["spent_today"]["cap"]) == 20
        assert found["installation"]["open_breakers"] == []
        assert found["installation"]["disk_free_gb"] > 0

    def test_who_is_not_signed_in_is_asked_to(self, db: None):
        assert APIClient().get(URL).status_code == 401

    def test_it_takes_few_queries_and_none_within_a_second(
        self, staff: User, mission: Mission, django_assert_num_queries, monkeypatch
    ):
        monkeypatch.setattr(snapshot, "SECONDS", 60)
        now = timezone.now()

        with django_assert_num_queries(5):  # missions, agents, ended runs, active runs, calls
            first = snapshot.overview(user=staff, now=now)
        with django_assert_num_queries(0):
            assert snapshot.overview(user=staff, now=now) == first

    def test_events_a_second_are_counted_between_two_looks(
        self, staff: User, mission: Mission, monkeypatch
    ):
        monkeypatch.setattr(snapshot, "SECONDS", 0)
        now = timezone.now()
        assert snapshot.overview(user=staff, now=now)["events_a_second"] is None

        write_files(mission, {f"{number}.md": "A.\n" for number in range(8)})

        later = snapshot.overview(user=staff, now=now + timedelta(seconds=2))
        assert later["events_a_second"] == 4.0


@pytest.mark.django_db(transaction=True)
class TestSocket:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshot, "SECONDS", 0)
        monkeypatch.setattr(OverviewConsumer, "refresh_seconds", 0.02)

    @staticmethod
    def socket(user: User) -> SocketClient:
        socket = SocketClient(URLRouter(websockets), "/ws/v1/overview/")
        socket.scope["user"] = user
        return socket

    async def test_everything_first_then_what_changed(self):
        owner = await sync_to_async(make_user)()
        socket = self.socket(owner)
        assert (await socket.connect())[0]
        first = await self.frame(socket, "overview")
        assert first["missions"] == {}
        assert set(first) >= {"agents", "runs", "queue", "spent_today"}

        await sync_to_async(make_mission)(owner=owner)

        changed = await self.frame(socket, "overview.changed", part="missions")
        assert changed["missions"] == {"ACTIVE": 1}
        assert "agents" not in changed
        await socket.disconnect()

    async def test_who_may_not_sign_in_any_more_is_sent_away(self):
        user = await sync_to_async(make_user)()
        socket = self.socket(user)
        await socket.connect()

        await sync_to_async(User.objects.filter(pk=user.pk).update)(is_active=False)

        async with asyncio.timeout(30):
            while (message := await socket.receive_output(timeout=30))["type"] != "websocket.close":
                pass
        assert message["code"] == 4403

    @staticmethod
    async def frame(socket: SocketClient, kind: str, part: str = "") -> dict[str, Any]:
        """Return the data of the next frame of that kind that has that part."""
        async with asyncio.timeout(30):
            while True:
                frame = json.loads(await socket.receive_from(timeout=30))
                if frame["type"] == kind and (not part or part in frame["data"]):
                    data: dict[str, Any] = frame["data"]
                    return data
