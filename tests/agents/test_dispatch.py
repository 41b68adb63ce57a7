"""Who is due goes into the queue, once."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from agents.models import Agent, AgentRun
from agents.roles import registry
from agents.services import Dispatch, StopAgent
from missions.models import Event
from tests.agents.factories import make_agent
from tests.factories import make_mission

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


class TestDispatch:
    def test_queues_who_is_due_and_nobody_else(self):
        mission = make_mission()
        due = make_agent(mission, "specifications", next_run_at=NOW)
        later = make_agent(mission, "production", next_run_at=NOW + timedelta(seconds=1))
        settled = make_agent(mission, "suivi", state=Agent.State.SETTLED)

        run_ids = Dispatch(now=NOW).execute()

        run = AgentRun.objects.get()
        assert run_ids == [run.pk]
        assert run.agent == due
        states = dict(Agent.objects.values_list("pk", "state"))
        assert states == {due.pk: "QUEUED", later.pk: "IDLE", settled.pk: "SETTLED"}

    def test_tells_those_who_look_on(self):
        agent = make_agent(make_mission(), "suivi", next_run_at=NOW)

        Dispatch(now=NOW).execute()

        event = Event.objects.get(type="agent.changed")
        assert event.data["agent"] == agent.pk
        assert event.data["state"] == "QUEUED"
        assert event.data["activity"] == "working"

    def test_says_why_in_the_language_of_the_mission(self):
        english = make_agent(make_mission(language="en"), "suivi", next_run_at=NOW)
        french = make_agent(make_mission(language="fr"), "suivi", next_run_at=NOW)

        Dispatch(now=NOW).execute()

        reasons = dict(Agent.objects.values_list("pk", "reason"))
        assert reasons == {english.pk: "its turn has come", french.pk: "son tour est venu"}

    def test_a_second_tick_finds_nothing_to_do(self):
        make_agent(make_mission(), "suivi", next_run_at=NOW)
        Dispatch(now=NOW).execute()

        assert Dispatch(now=NOW + timedelta(seconds=1)).execute() == []

    def test_sends_a_lost_message_again_after_a_minute(self):
        make_agent(make_mission(), "suivi", next_run_at=NOW)
        [run_id] = Dispatch(now=NOW).execute()

        assert Dispatch(now=NOW + timedelta(seconds=59)).execute() == []
        assert Dispatch(now=NOW + timedelta(seconds=60)).execute() == [run_id]
        assert Dispatch(now=NOW + timedelta(seconds=61)).execute() == []

    def test_leaves_archived_missions_alone(self):
        mission = make_mission()
        make_agent(mission, "suivi", next_run_at=NOW)
        type(mission).objects.filter(pk=mission.pk).update(state="ARCHIVED")

        assert Dispatch(now=NOW).execute() == []

    def test_takes_a_bounded_number_the_longest_due_first(self):
        agents = [
            make_agent(make_mission(), "suivi", next_run_at=NOW - timedelta(seconds=number))
            for number in range(3)
        ]

        Dispatch(now=NOW, limit=2).execute()

        queued = set(AgentRun.objects.values_list("agent", flat=True))
        assert queued == {agents[2].pk, agents[1].pk}

    def test_costs_the_same_number_of_queries_for_one_and_for_ten(
        self, django_assert_max_num_queries
    ):
        for _ in range(10):
            make_agent(make_mission(), "suivi", next_run_at=NOW)

        # begin, due, update, transitions, runs, activities, seq update and read, events, waiting,
        # sent, savepoints, commit
        with django_assert_max_num_queries(16):
            Dispatch(now=NOW).execute()


@pytest.fixture
def many_roles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An installation with so many roles that one mission alone can fill the queue."""
    names = [f"role-{number}" for number in range(90)]
    monkeypatch.setattr(
        registry, "all_roles", lambda: [SimpleNamespace(role=name) for name in names]
    )
    return names


class TestFairness:
    def test_a_small_mission_starts_no_later_than_twice_its_fair_turn(self, many_roles: list[str]):
        large, small = make_mission(), make_mission()
        for number, role in enumerate(many_roles):
            make_agent(large, role, next_run_at=NOW - timedelta(seconds=100 - number))
        for role in many_roles[:10]:
            make_agent(small, role, next_run_at=NOW)

        order = Dispatch(now=NOW).execute()

        of_small = set(AgentRun.objects.filter(mission=small).values_list("pk", flat=True))
        last = max(place for place, run_id in enumerate(order, 1) if run_id in of_small)
        fair = 2 * len(of_small)  # the two take turns
        assert len(order) == 100
        assert last <= 2 * fair

    def test_what_a_mission_has_under_way_counts(self):
        busy, calm = make_mission(), make_mission()
        make_agent(busy, "suivi", next_run_at=NOW)
        Dispatch(now=NOW).execute()
        make_agent(busy, "production", next_run_at=NOW)
        make_agent(calm, "suivi", next_run_at=NOW + timedelta(seconds=1))

        order = Dispatch(now=NOW + timedelta(seconds=1)).execute()

        missions = [AgentRun.objects.get(pk=run_id).mission for run_id in order]
        assert missions == [calm, busy]


class TestOneActiveRun:
    def test_the_database_refuses_a_second_one(self):
        agent = make_agent(make_mission(), "suivi", next_run_at=NOW)
        Dispatch(now=NOW).execute()

        with pytest.raises(IntegrityError), transaction.atomic():
            AgentRun.objects.create(
                agent=agent, mission=agent.mission, trigger="schedule", queued_at=NOW
            )

    def test_stopping_a_queued_agent_finishes_its_run(self):
        agent = make_agent(make_mission(), "suivi", next_run_at=NOW)
        Dispatch(now=NOW).execute()
        agent.refresh_from_db()

        StopAgent(agent=agent, now=NOW).execute()

        run = AgentRun.objects.get()
        assert (run.state, run.outcome) == ("FINISHED", "cancelled")
        agent.refresh_from_db()
        assert agent.state == Agent.State.STOPPED
