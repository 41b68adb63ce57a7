"""A mission's team in one process: what it does, why it ends, how it leaves everything."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from agents.aider.engine import Engine
from agents.budget import Caps
from agents.cycle import run_cycle
from agents.gateway.client import Gateway
from agents.models import Agent, AgentRun
from agents.services import Dispatch, SetMissionBudget, StartAgent, StartMission
from agents.standalone import Ending, Standalone
from agents.workshop import Workshop
from missions.models import Event, Mission, Revision
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.conftest import REQUEST
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel

pytestmark = [
    pytest.mark.engine,
    pytest.mark.xdist_group("engine"),
    pytest.mark.timeout(240),
]


@pytest.fixture
def offline(engine: Engine, gateway: Gateway) -> Workshop:
    return Workshop(engine=engine, gateway=gateway, environment={})


def mission_of(owner: User, title: str = "Words") -> Mission:
    return CreateMission(
        owner=owner, title=title, request=REQUEST, language="en", model="offline/writer",
        now=timezone.now(),
    ).execute()  # fmt: skip


def standalone(mission: Mission, workshop: Workshop, **changed: Any) -> Standalone:
    fields: dict[str, Any] = {
        "mission": mission,
        "workshop": workshop,
        "threads": 4,
        "until_settled": True,
        "seconds": 200,
        "stop": threading.Event(),
        "on_run": lambda run: None,
        "on_look": lambda team: None,
        **changed,
    }
    return Standalone(**fields)


def states(mission: Mission) -> set[str]:
    return set(mission.agents.values_list("state", flat=True))


class TestStandalone:
    def test_works_until_the_mission_rests_and_stops_its_agents(
        self, private_data: Any, owner: User, offline: Workshop
    ):
        told: list[AgentRun] = []
        mission = mission_of(owner)

        ending = standalone(mission, offline, on_run=told.append).work()

        assert ending == Ending.SETTLED
        assert states(mission) == {Agent.State.STOPPED}
        written = {change["path"] for run in told for change in run.changes}
        assert {"specifications.md", "production.md", "evaluation.md"} <= written
        assert not AgentRun.objects.filter(mission=mission, state__in=AgentRun.ACTIVE).exists()

    def test_leaves_other_missions_to_others(
        self, private_data: Any, owner: User, offline: Workshop
    ):
        other, mission = mission_of(owner, "Other"), mission_of(owner)
        StartMission(mission=other, now=timezone.now()).execute()

        standalone(mission, offline).work()

        assert states(other) == {Agent.State.IDLE}
        assert not AgentRun.objects.filter(mission=other).exists()

    def test_lets_agents_go_on_that_ran_before(
        self, private_data: Any, owner: User, offline: Workshop
    ):
        mission = mission_of(owner)
        agent = Agent.objects.select_related("mission").get(mission=mission, role="production")
        StartAgent(agent=agent, now=timezone.now()).execute()

        standalone(mission, offline).work()

        others = mission.agents.exclude(role="production")
        assert mission.agents.get(role="production").state == Agent.State.SETTLED
        assert set(others.values_list("state", flat=True)) == {Agent.State.STOPPED}

    def test_shares_the_runs_with_an_installation(
        self, private_data: Any, owner: User, offline: Workshop
    ):
        mission = mission_of(owner)
        is_over = threading.Event()

        def installation() -> None:
            """Tick and carry out for every mission, as beat and a worker do."""
            while not is_over.wait(0.05):
                for run_id in Dispatch(now=timezone.now()).execute():
                    run_cycle(run_id, workshop=offline)
            connections.close_all()

        beside = threading.Thread(target=installation)
        beside.start()
        try:
            ending = standalone(mission, offline).work()
        finally:
            is_over.set()
            beside.join()

        # One that was put back before it asked its model begins twice; it lands and ends once.
        finished = [event.data["run"] for event in Event.objects.filter(type="run.finished")]
        landed = list(Revision.objects.exclude(run_id=None).values_list("run_id", "file"))
        assert ending == Ending.SETTLED
        assert len(finished) == len(set(finished))
        assert len(landed) == len(set(landed)) > 0

    def test_cancels_what_is_at_work_when_interrupted(self, team: Team, model: ScriptedModel):
        stop = threading.Event()
        before = team.text("specifications.md")
        for _ in range(6):
            model.enqueue("I begin", " and end.\n", hold=True)

        def interrupt() -> None:
            model.is_answering.wait(60)
            stop.set()

        person = threading.Thread(target=interrupt)
        person.start()

        ending = standalone(team.mission, team.workshop, stop=stop).work()
        person.join()

        assert ending == Ending.INTERRUPTED
        assert states(team.mission) == {Agent.State.STOPPED}
        runs = AgentRun.objects.filter(mission=team.mission)
        assert set(runs.values_list("state", "outcome")) == {("FINISHED", "cancelled")}
        assert team.text("specifications.md") == before

    def test_ends_when_its_time_is_over(self, private_data: Any, owner: User, offline: Workshop):
        mission = mission_of(owner)

        assert standalone(mission, offline, seconds=0).work() == Ending.TIMEOUT
        assert states(mission) == {Agent.State.STOPPED}

    def test_says_that_the_budget_is_used_up(self, team: Team):
        SetMissionBudget(
            mission=team.mission, total=Caps(dollars=Decimal(0)), day=Caps(), now=timezone.now()
        ).execute()

        assert standalone(team.mission, team.workshop).work() == Ending.BUDGET

    def test_says_that_only_a_person_can_help(self, team: Team):
        nowhere = replace(team.workshop, environment={})

        assert standalone(team.mission, nowhere).work() == Ending.FAILURES
        failures = AgentRun.objects.filter(mission=team.mission).exclude(failure="")
        assert set(failures.values_list("failure", flat=True)) == {"not_configured"}


class TestDispatchOfOneMission:
    def test_takes_no_run_of_another(self, private_data: Any, owner: User):
        one, other = mission_of(owner), mission_of(owner, "Other")
        now = timezone.now() + timedelta(seconds=1)
        for mission in (one, other):
            StartMission(mission=mission, now=now).execute()

        found = Dispatch(now=now, mission_id=one.pk).execute()

        assert set(AgentRun.objects.values_list("mission", flat=True)) == {one.pk}
        assert len(found) == one.agents.count()
