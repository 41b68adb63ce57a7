"""How steadily agents work, what they went through, and how long that is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from agents import retention, stability
from agents.models import Agent, AgentTransition
from agents.stability import Move, recoveries, stability_of, time_in_states, together
from agents.tasks import prune
from missions.models import Mission
from tests.agents.factories import NOW, make_run

States = Agent.State


def at(seconds: float) -> Any:
    return NOW + timedelta(seconds=seconds)


def moves(script: str) -> list[Move]:
    """Return what a script says: ``"IDLE>QUEUED@5 …"``, at seconds after ``NOW``."""
    found = []
    for word in script.split():
        change, _, second = word.partition("@")
        before, _, after = change.partition(">")
        found.append(Move(before, after, at(float(second))))
    return found


WORK = "IDLE>QUEUED@10 QUEUED>RUNNING@12 RUNNING>BACKING_OFF@20 BACKING_OFF>QUEUED@50"
AGAIN = "QUEUED>RUNNING@51 RUNNING>IDLE@60"


class TestTime:
    def test_is_counted_from_the_state_before_the_first_move_to_now(self):
        found = time_in_states(moves(f"{WORK} {AGAIN}"), state="IDLE", since=NOW, now=at(100))

        assert found == {"IDLE": 50, "QUEUED": 3, "RUNNING": 17, "BACKING_OFF": 30}

    def test_without_a_move_it_is_all_in_the_state_of_now(self):
        assert time_in_states([], state="SETTLED", since=NOW, now=at(9)) == {"SETTLED": 9}

    @given(st.lists(st.tuples(st.sampled_from(States.values), st.floats(0, 1000)), max_size=30))
    def test_adds_up(self, steps: list[tuple[str, float]]):
        path, state = [], "IDLE"
        for after, second in sorted(steps, key=lambda step: step[1]):
            path.append(Move(state, after, at(second)))
            state = after

        found = time_in_states(path, state=state, since=NOW, now=at(1000))

        assert sum(found.values()) == pytest.approx(1000)


class TestRecovery:
    def test_lasts_from_the_first_failure_to_the_end_of_a_run_that_did_not_fail(self):
        twice = "QUEUED>RUNNING@51 RUNNING>BACKING_OFF@60 BACKING_OFF>QUEUED@90"
        end = "QUEUED>RUNNING@91 RUNNING>IDLE@100"

        assert recoveries(moves(f"{WORK} {twice} {end}")) == [80]

    def test_whoever_is_stopped_does_not_recover(self):
        assert recoveries(moves(f"{WORK} QUEUED>STOPPED@55")) == []

    def test_one_that_goes_on_is_not_counted(self):
        assert recoveries(moves(WORK)) == []


@pytest.fixture
def lived(production: Agent) -> Agent:
    """An agent with a failure, a recovery, three runs and a streak of skips, half an hour ago."""
    start = timezone.now() - timedelta(minutes=30)
    Agent.objects.update(created_at=start - timedelta(days=2))
    production.refresh_from_db()
    for move in moves(f"{WORK} {AGAIN}"):
        AgentTransition.objects.create(
            agent=production, before=move.before, after=move.after, reason="why",
            at=start + (move.at - NOW),
        )  # fmt: skip
    for outcome, seconds in (("failed", 8), ("changed", 9), ("unchanged", 10)):
        make_run(
            production, outcome=outcome, started_at=start,
            finished_at=start + timedelta(seconds=seconds),
        )  # fmt: skip
    make_run(production, outcome="skipped", count=9, finished_at=start)
    return production


class TestStability:
    def test_counts_cycles_failures_and_skips(self, lived: Agent):
        now = timezone.now()

        found = stability_of([lived], since=now - timedelta(days=1), now=now)[lived.pk]

        assert found.transition_count == 6
        assert (found.cycle_count, found.failure_count, found.skip_count) == (3, 1, 9)
        assert found.mean_cycle_seconds == pytest.approx(9)
        assert found.mean_recovery_seconds == pytest.approx(40)
        assert found.skipped_share == 0.75
        assert found.failures_a_day == pytest.approx(1)
        assert sum(found.seconds.values()) == pytest.approx(86400)

    def test_of_a_team_adds_up(self, lived: Agent, mission: Mission):
        now = timezone.now()
        parts = stability_of(
            list(mission.agents.all()), since=now - timedelta(days=1), now=now
        ).values()

        total = together(parts)

        assert (total.cycle_count, total.transition_count) == (3, 6)
        assert total.failures_a_day == pytest.approx(1 / 6)

    def test_says_when_there_is_too_much(self, lived: Agent, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(stability, "MOST", 2)
        now = timezone.now()

        found = stability_of([lived], since=now - timedelta(days=1), now=now)[lived.pk]

        assert found.is_truncated
        assert found.transition_count == 2
        assert sum(found.seconds.values()) < 1800


class TestOverHTTP:
    def test_an_agent_tells_its_stability(self, http: APIClient, lived: Agent):
        answer = http.get(f"/api/v1/agents/{lived.pk}/stability?days=1").json()

        assert answer["role"] == "production"
        assert answer["cycle_count"] == 3
        assert answer["mean_recovery_seconds"] == pytest.approx(40)
        assert set(answer["seconds"]) <= set(States.values)

    def test_a_mission_tells_that_of_its_team_with_few_queries(
        self, http: APIClient, lived: Agent, django_assert_max_num_queries: Any
    ):
        # session, user, membership, agents, transitions, runs
        with django_assert_max_num_queries(6):
            answer = http.get(f"/api/v1/missions/{lived.mission_id}/stability").json()

        assert len(answer["agents"]) == 6
        assert answer["total"]["skipped_share"] == 0.75

    @pytest.mark.parametrize("days", ["0", "31", "many", "-1"])
    def test_refuses_a_time_that_is_not_kept(self, http: APIClient, lived: Agent, days: str):
        answer = http.get(f"/api/v1/agents/{lived.pk}/stability?days={days}")

        assert answer.status_code == 422

    def test_tells_the_transitions_with_their_reasons_the_newest_first(
        self, http: APIClient, lived: Agent, django_assert_max_num_queries: Any
    ):
        # session, user, agent, transitions
        with django_assert_max_num_queries(4):
            answer = http.get(f"/api/v1/agents/{lived.pk}/transitions/?page_size=2").json()

        assert [(t["before"], t["after"]) for t in answer["results"]] == [
            ("RUNNING", "IDLE"), ("QUEUED", "RUNNING"),
        ]  # fmt: skip
        assert answer["results"][0]["reason"] == "why"
        assert answer["next"]

    @pytest.mark.parametrize("what", ["stability", "transitions/"])
    def test_viewers_may_look_and_strangers_find_nothing(
        self, viewer: APIClient, stranger: APIClient, lived: Agent, what: str
    ):
        assert viewer.get(f"/api/v1/agents/{lived.pk}/{what}").status_code == 200
        assert stranger.get(f"/api/v1/agents/{lived.pk}/{what}").status_code == 404

    def test_strangers_find_no_mission(self, stranger: APIClient, lived: Agent):
        answer = stranger.get(f"/api/v1/missions/{lived.mission_id}/stability")

        assert answer.status_code == 404


class TestRetention:
    def test_transitions_are_kept_for_thirty_days(
        self, lived: Agent, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(retention, "BATCH", 2)
        old = timezone.now() - timedelta(days=31)
        keys = list(AgentTransition.objects.values_list("pk", flat=True)[:5])
        AgentTransition.objects.filter(pk__in=keys).update(at=old)

        assert prune() == 5

        assert AgentTransition.objects.count() == 1
