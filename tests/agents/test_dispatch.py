"""Who is due goes into the queue, once."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from agents.models import Agent, AgentRun
from agents.roles import registry
from agents.services import Dispatch, SendRuns, StopAgent
from missions.models import Event
from tests.agents.factories import make_agent, make_run
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

    @pytest.mark.parametrize(("at_work", "patience"), [(0, 10), (2, 60)], ids=["free", "busy"])
    def test_sends_a_lost_message_again_soon_where_workers_are_free(
        self, settings: Any, at_work: int, patience: int
    ):
        settings.PARALLAGON_CYCLES = 2
        for _ in range(at_work):
            busy = make_agent(make_mission(), "suivi", state="RUNNING")
            make_run(busy, state="RUNNING", outcome="", finished_at=None)
        make_agent(make_mission(), "suivi", next_run_at=NOW)
        [run_id] = Dispatch(now=NOW).execute()
        lost = NOW + timedelta(seconds=patience)

        assert Dispatch(now=lost - timedelta(seconds=1)).execute() == []
        assert Dispatch(now=lost).execute() == [run_id]
        assert Dispatch(now=lost + timedelta(seconds=1)).execute() == []

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

        # is anybody due, begin, due, update, transitions, runs, activities, seq update and read,
        # events, commit; is anybody queued, at work, sent, under way, whose turn, begin, lock,
        # sent, commit
        with django_assert_max_num_queries(22):
            Dispatch(now=NOW).execute()

    def test_costs_two_queries_and_writes_nothing_where_nobody_is_due(
        self, django_assert_num_queries: Any
    ):
        make_agent(make_mission(), "suivi", next_run_at=NOW + timedelta(seconds=1))

        # is anybody due, is anybody queued
        with django_assert_num_queries(2):
            assert Dispatch(now=NOW).execute() == []


@pytest.fixture
def many_roles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An installation with so many roles that one mission alone can fill the queue."""
    names = [f"role-{number}" for number in range(90)]
    monkeypatch.setattr(
        registry, "all_roles", lambda: [SimpleNamespace(role=name) for name in names]
    )
    return names


class TestFairness:
    def test_a_small_mission_is_sent_no_later_than_twice_its_fair_turn(
        self, many_roles: list[str], settings: Any
    ):
        settings.PARALLAGON_CYCLES = 50
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


class TestRoom:
    """No more messages lie with the broker than workers take up soon."""

    def test_the_rest_waits_in_the_database(self, many_roles: list[str], settings: Any):
        settings.PARALLAGON_CYCLES = 4
        mission = make_mission()
        for role in many_roles[:20]:
            make_agent(mission, role, next_run_at=NOW)

        first = Dispatch(now=NOW).execute()

        assert len(first) == 8
        assert AgentRun.objects.filter(state="QUEUED").count() == 20
        assert Dispatch(now=NOW + timedelta(seconds=1)).execute() == []

        AgentRun.objects.filter(pk__in=first[:3]).update(state="RUNNING")

        second = SendRuns(now=NOW + timedelta(seconds=2)).execute()
        assert len(second) == 3
        assert not set(first) & set(second)

    def test_a_worker_asks_for_several_at_a_time(self, many_roles: list[str], settings: Any):
        settings.PARALLAGON_CYCLES = 4
        mission = make_mission()
        for role in many_roles[:20]:
            make_agent(mission, role, next_run_at=NOW)
        first = Dispatch(now=NOW).execute()
        refill = SendRuns(now=NOW, least=4)
        AgentRun.objects.filter(pk__in=first[:3]).update(state="RUNNING")

        assert refill.execute() == []
        AgentRun.objects.filter(pk=first[3]).update(state="RUNNING")
        assert len(refill.execute()) == 4

    def test_what_a_flushed_broker_forgot_goes_first_and_nothing_twice(
        self, many_roles: list[str], settings: Any
    ):
        settings.PARALLAGON_CYCLES = 4
        mission = make_mission()
        for role in many_roles[:20]:
            make_agent(mission, role, next_run_at=NOW)
        forgotten = Dispatch(now=NOW).execute()

        now, sent = NOW, list[Any]()
        for _ in range(30):
            now += timedelta(seconds=5)
            run_ids = Dispatch(now=now).execute()
            AgentRun.objects.filter(pk__in=run_ids).update(
                state="FINISHED", outcome="unchanged", finished_at=now
            )
            sent += run_ids

        assert sent[:8] == forgotten
        assert len(sent) == len(set(sent)) == 20

    @given(
        wanted=st.lists(st.integers(1, 12), min_size=1, max_size=6),
        at_work=st.lists(st.integers(0, 3), min_size=6, max_size=6),
        cycles=st.integers(1, 6),
    )
    @hypothesis.settings(max_examples=25, deadline=None)
    def test_whoever_is_sent_had_no_better_turn_than_who_is_not(
        self, wanted: list[int], at_work: list[int], cycles: int
    ):
        with override_settings(PARALLAGON_CYCLES=cycles), transaction.atomic():
            places = {}
            for count, ahead in zip(wanted, at_work, strict=False):
                mission = make_mission()
                for number in range(ahead):
                    agent = make_agent(mission, f"busy-{number}", state="RUNNING")
                    make_run(agent, state="RUNNING", outcome="", finished_at=None)
                for number in range(count):
                    agent = make_agent(mission, f"role-{number}", state="QUEUED")
                    at = NOW + timedelta(seconds=number)
                    run = make_run(
                        agent, state="QUEUED", outcome="", finished_at=None, queued_at=at
                    )
                    places[run.pk] = ahead + number
            AgentRun.objects.filter(pk__in=places).update(sent_at=None)

            sent = SendRuns(now=NOW).execute()

            assert len(sent) == min(2 * cycles, len(places))
            left = [place for run_id, place in places.items() if run_id not in sent]
            assert [places[run_id] for run_id in sent] == sorted(places[run_id] for run_id in sent)
            assert max(places[run_id] for run_id in sent) <= min(left, default=99)
            transaction.set_rollback(True)


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
