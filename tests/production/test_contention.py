"""Many at once on one database: nobody twice, nobody forgotten, nobody in another's way."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from agents.models import Agent, AgentRun
from agents.services import Dispatch, StartAgent, StopAgent
from agents.services.finish import FinishRun, RequeueRun, SettleMission
from missions.events import publish_many
from missions.landing import Author, Change, land
from missions.leases import LeaseBusy, take_lease
from missions.models import Event, Mission
from missions.services import CreateMission
from missions.turns import turn
from parallagon.core.errors import Conflict
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
ROLES = ("specifications", "production", "management", "evaluation", "suivi", "duplication")


@pytest.fixture(autouse=True)
def private_data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def together(*works: Callable[[], Any]) -> list[Any]:
    """Do everything at once, each in a thread with a connection of its own; return the results."""
    start = threading.Barrier(len(works))

    def do(work: Callable[[], Any]) -> Any:
        try:
            start.wait(20)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(do, works))


def deadlocks() -> int:
    """Return how often the database had to undo someone's work since it was made."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


class TestFourDispatchersAndTwoBeats:
    def test_queue_a_thousand_agents_each_once(self) -> None:
        now = timezone.now()
        owner = make_user()
        missions = Mission.objects.bulk_create(
            Mission(owner=owner, title=f"{number}", language="en", model="offline/writer")
            for number in range(167)
        )
        agents = Agent.objects.bulk_create(
            [
                Agent(
                    mission=mission, role=role, interval=20, state=Agent.State.IDLE,
                    state_changed_at=now, next_run_at=now - timedelta(seconds=number % 7),
                )
                for number, mission in enumerate(missions)
                for role in ROLES
            ][:1000]
        )  # fmt: skip
        ticks: queue.Queue[None] = queue.Queue(4)
        sent: list[UUID] = []
        is_over = threading.Event()

        def beat() -> None:
            while not is_over.is_set():
                with suppress(queue.Full):
                    ticks.put(None, timeout=0.05)

        def dispatcher() -> None:
            while not is_over.is_set():
                with suppress(queue.Empty):
                    ticks.get(timeout=0.05)
                    sent.extend(Dispatch(now=now).execute())
                    if not Agent.objects.filter(next_run_at__isnull=False).exists():
                        is_over.set()

        watch = threading.Timer(60, is_over.set)
        watch.start()
        together(beat, beat, dispatcher, dispatcher, dispatcher, dispatcher)
        watch.cancel()

        assert AgentRun.objects.values("agent").distinct().count() == 1000
        assert AgentRun.objects.count() == len(agents) == 1000
        assert sent
        assert len(sent) == len(set(sent)), "a message twice"
        assert not Agent.objects.filter(next_run_at__isnull=False).exists()


ROUNDS = 6


@dataclass
class Crowd:
    """Everyone who changes something of a mission, each as often as there are rounds."""

    mission: Mission
    missions: list[Mission]

    def works(self) -> list[Callable[[], None]]:
        return [self.save, self.steer, self.work, self.work, self.settle, self.tell]

    def save(self) -> None:
        person = Author.person(self.mission.owner)
        for number in range(ROUNDS):
            change = Change(path=f"notes/{number}.md", text=f"Said {number}.\n", base=None)
            land(self.mission, [change], author=person, now=timezone.now(), timeout=60)

    def steer(self) -> None:
        for number in range(ROUNDS):
            for agent in Agent.objects.filter(mission=self.mission).select_related("mission"):
                service = StopAgent if number % 3 == 2 else StartAgent
                with suppress(Conflict):
                    service(agent=agent, now=timezone.now()).execute()

    def work(self) -> None:
        for _ in range(ROUNDS):
            Dispatch(now=timezone.now() + timedelta(days=1)).execute()
            queued = AgentRun.objects.filter(mission=self.mission, state=AgentRun.State.QUEUED)
            for run in queued.select_related("agent__mission", "mission"):
                with suppress(Conflict, LeaseBusy):
                    carry_out(run)

    def settle(self) -> None:
        for _ in range(ROUNDS):
            SettleMission(mission=self.mission, now=timezone.now()).execute()

    def tell(self) -> None:
        """Speak to both missions at once, the other crowd in the other order."""
        others = [one for one in self.missions if one != self.mission]
        for _ in range(ROUNDS):
            publish_many(
                [(one.pk, "breaker.changed", {}) for one in (self.mission, *others)],
                at=timezone.now(),
            )


def carry_out(run: AgentRun) -> None:
    """Do to the database what a cycle does, the model left out."""
    now = timezone.now()
    with turn(run.mission_id):
        rows = AgentRun.objects.filter(pk=run.pk, state=AgentRun.State.QUEUED)
        if not rows.update(state=AgentRun.State.RUNNING, started_at=now, heartbeat_at=now):
            raise Conflict("somebody else has it")
        run.agent.move_to(Agent.State.RUNNING, reason="at work", now=now)
    run.refresh_from_db()
    try:
        lease = take_lease(
            mission_id=run.mission_id, role=run.agent.role, run_id=run.pk,
            patterns=[f"{run.agent.role}.md"], now=now, ends_at=now + timedelta(minutes=1),
        )  # fmt: skip
    except LeaseBusy:
        RequeueRun(run=run, reason="busy", until=now, now=now).execute()
        raise

    def finish(_landing: object) -> None:
        FinishRun(run=run, outcome="unchanged", reason="", now=now).execute()

    author = Author.agent(run.agent.role, run.pk)
    land(run.mission, [], author=author, now=now, fence=lease.token, within=finish, timeout=60)


class TestEveryoneAtOnce:
    def test_comes_in_turns_and_nobody_is_undone(self) -> None:
        owner = make_user()
        missions = [
            CreateMission(
                owner=owner, title=title, request="It must count.\n", language="en",
                model="offline/writer", now=timezone.now(),
            ).execute()
            for title in ("One", "Two")
        ]  # fmt: skip
        before = deadlocks()

        together(*[work for one in missions for work in Crowd(one, missions).works()])

        assert deadlocks() == before
        for mission in missions:
            events = Event.objects.filter(mission=mission).order_by("seq")
            numbers = list(events.values_list("seq", flat=True))
            assert numbers == list(range(1, len(numbers) + 1))
