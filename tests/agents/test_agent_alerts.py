"""What alerts watch of agents: each fires with real rows, and ends when they are gone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.alerts import LEAST_RUNS
from agents.circuits import MODELS
from agents.health import health_of, is_stuck
from agents.models import Agent, AgentRun, Budget
from missions.models import Mission
from notifications import messages
from notifications.alerts import evaluate
from notifications.alerts.evaluate import EvaluateAlerts
from notifications.alerts.measures import MEASURES, Question
from notifications.models import Alert, AlertRule, Notification
from parallagon.accounts.models import User
from tests.agents.factories import make_agent, make_call, make_run
from tests.factories import make_mission, make_user

NOW = timezone.now().replace(hour=12, microsecond=0)
MINUTE = timedelta(minutes=1)
State = AlertRule.State


@pytest.fixture(autouse=True)
def only_own_rules(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    AlertRule.objects.all().delete()
    monkeypatch.setattr(evaluate, "_is_my_turn", lambda _now: True)
    MODELS.forget()


@pytest.fixture
def staff(db: None) -> User:
    return make_user(is_staff=True)


@pytest.fixture
def mission(db: None) -> Mission:
    return make_mission(title="A guide", model="openai/x")


@pytest.fixture
def agent(mission: Mission) -> Agent:
    return make_agent(mission, "production", next_run_at=None)


def watch(measure: str, threshold: float, mission: Mission | None = None, **values: Any) -> None:
    AlertRule.objects.create(
        measure=measure, threshold=threshold, mission=mission, cool_down=0, created_at=NOW,
        updated_at=NOW, state_changed_at=NOW, **{"window": 0, **values},
    )  # fmt: skip


def states(at: timedelta = timedelta()) -> list[str]:
    """Look at everything and return how the rules stand."""
    EvaluateAlerts(now=NOW + at).execute()
    return list(AlertRule.objects.order_by("pk").values_list("state", flat=True))


def cause() -> str:
    """Return what the newest message says."""
    told = Notification.objects.order_by("-pk").first()
    assert told is not None
    return messages.words(told, language="en").body


class TestFailureRate:
    def test_fires_and_ends(self, mission: Mission, agent: Agent) -> None:
        watch("agents.failure_rate", 50, mission, window=900)
        watch("agents.failure_rate", 50, make_mission(), window=900)
        for number in range(LEAST_RUNS):
            outcome = "changed" if number % 2 else "failed"
            make_run(agent, finished_at=NOW, outcome=outcome, failure="timeout" * (number % 2 == 0))
        make_run(agent, finished_at=NOW, outcome="skipped", count=99)

        assert states() == [State.FIRING, State.OK]
        assert cause().startswith("2 of 4 runs failed, most of them: no answer in time.")
        assert states(16 * MINUTE) == [State.CLEARED, State.OK]

    def test_a_few_runs_say_nothing(self, mission: Mission, agent: Agent) -> None:
        watch("agents.failure_rate", 50, window=900)
        for _ in range(LEAST_RUNS - 1):
            make_run(agent, finished_at=NOW, outcome="failed")

        assert states() == [State.OK]


class TestErrors:
    def test_fires_and_ends(self, staff: User, agent: Agent) -> None:
        watch("agents.errors", 2, window=60)
        for _ in range(2):
            make_run(agent, finished_at=NOW, outcome="timed_out", failure="run_timed_out")

        assert states() == [State.FIRING]
        assert "2 runs failed, most of them: the run took too long." in cause()
        assert states(2 * MINUTE) == [State.CLEARED]


class TestStuck:
    def test_fires_and_ends(self, staff: User, mission: Mission, agent: Agent) -> None:
        watch("agents.stuck", 1)
        watch("agents.stuck", 1, mission)
        Agent.objects.filter(pk=agent.pk).update(loop="returned", state="PAUSED_BREAKER")

        assert states() == [State.FIRING, State.FIRING]
        assert "production in “A guide”" in cause()
        assert Alert.objects.first().link == f"/editor?mission={mission.pk}"  # type: ignore[union-attr] # it fired
        Agent.objects.filter(pk=agent.pk).update(loop="", state="IDLE")
        assert states(MINUTE) == [State.CLEARED, State.CLEARED]

    @pytest.mark.parametrize("loop", ["", "returned"])
    @pytest.mark.parametrize("minutes", [0, 5, 11, 12, 60])
    @pytest.mark.parametrize("state", Agent.State.values)
    def test_means_what_its_health_says(
        self, mission: Mission, state: str, minutes: int, loop: str
    ) -> None:
        at = NOW - minutes * MINUTE - timedelta(seconds=1)
        one = make_agent(mission, "suivi", state=state, state_changed_at=at, loop=loop)

        found = Agent.objects.filter(is_stuck(now=NOW, run_seconds=600), pk=one.pk).exists()

        assert found == (health_of(one, now=NOW, run_seconds=600) == "stuck")


class TestBreakers:
    def test_fires_and_ends(self, staff: User, settings: Any) -> None:
        watch("agents.breakers", 1)
        seconds = NOW.timestamp()
        for number in range(settings.PARALLAGON_BREAKER_FAILURES):
            MODELS.failed("openai/x", str(number), now=seconds, wait=0, reason="overloaded")

        assert states() == [State.FIRING]
        assert "openai/x (failure at the provider)" in cause()
        MODELS.answered("openai/x")
        assert states(MINUTE) == [State.CLEARED]


class TestBudget:
    def test_fires_at_80_and_at_100_and_ends_when_it_is_raised(
        self, staff: User, mission: Mission, agent: Agent
    ) -> None:
        for threshold in (80, 100):
            watch("agents.budget", threshold)
            watch("agents.budget", threshold, mission)
        budget = Budget.objects.create(mission=mission, day_dollars=Decimal(2), updated_at=NOW)
        run = make_run(agent, model="openai/x")
        make_call(run, cost="1.7", started_at=NOW)

        assert states() == [State.FIRING, State.FIRING, State.OK, State.OK]
        assert "1.7 of 2 US dollars are used – A guide (85 %)." in cause()
        make_call(run, cost="0.3", number=2, started_at=NOW)
        assert states(MINUTE) == [State.FIRING] * 4
        budget.day_dollars = Decimal(4)
        budget.save(update_fields=["day_dollars"])
        assert states(2 * MINUTE) == [State.CLEARED] * 4

    def test_of_a_mission_in_all_and_of_the_installation(
        self, staff: User, mission: Mission, agent: Agent, settings: Any
    ) -> None:
        watch("agents.budget", 90, mission)
        watch("agents.budget", 90)
        settings.PARALLAGON_DAY_CALLS = 1
        Budget.objects.create(mission=mission, tokens=100, updated_at=NOW)
        yesterday = NOW - timedelta(days=1)
        make_call(make_run(agent, model="openai/x"), cost="0", output_tokens=95,
                  started_at=yesterday)  # fmt: skip

        assert states() == [State.FIRING, State.FIRING]
        Budget.objects.update(tokens=1000)
        assert states(MINUTE) == [State.CLEARED, State.CLEARED]
        make_call(make_run(agent, model="openai/x"), cost="0", started_at=NOW)
        assert states(2 * MINUTE) == [State.OK, State.FIRING]

    def test_the_offline_writer_uses_up_nothing(self, mission: Mission, agent: Agent) -> None:
        watch("agents.budget", 1, mission)
        Budget.objects.create(mission=mission, day_calls=1, updated_at=NOW)
        make_call(make_run(agent, model="offline/writer"), cost="0", started_at=NOW)

        assert states() == [State.OK]


class TestBacklog:
    def test_fires_and_ends(self, staff: User, mission: Mission, agent: Agent) -> None:
        watch("agents.backlog", 120)
        watch("agents.backlog", 120, mission)
        run = make_run(agent, state="QUEUED", outcome="", finished_at=None,
                       queued_at=NOW - 3 * MINUTE)  # fmt: skip

        assert states() == [State.FIRING, State.FIRING]
        assert "1 wait, the oldest for 180 seconds." in cause()
        AgentRun.objects.filter(pk=run.pk).update(not_before=NOW + 9 * MINUTE)
        assert states(MINUTE) == [State.CLEARED, State.CLEARED]  # it waits because it was told to

    def test_counts_agents_whose_turn_nobody_sees(self, staff: User, agent: Agent) -> None:
        """What a silent clock leaves behind: nothing is queued any more."""
        watch("agents.backlog", 120)
        Agent.objects.filter(pk=agent.pk).update(next_run_at=NOW - 3 * MINUTE)

        assert states() == [State.FIRING]
        Mission.objects.update(state="ARCHIVED")
        assert states(MINUTE) == [State.CLEARED]


class TestCost:
    def test_does_not_grow_with_missions(
        self, mission: Mission, agent: Agent, django_assert_max_num_queries: Any
    ) -> None:
        def ask() -> None:
            for measure in MEASURES.values():
                if measure.key.startswith("agents."):
                    measure.read(Question(now=NOW, window=MINUTE))

        for number in range(5):
            other = make_agent(make_mission(model="openai/x"), "production", loop="cost")
            run = make_run(other, model="openai/x", finished_at=NOW, outcome="failed")
            make_call(run, cost="1", started_at=NOW)
            Budget.objects.create(mission=other.mission, calls=number + 1, updated_at=NOW)

        with django_assert_max_num_queries(9):  # 1 each for runs, errors and stuck; 4; 2
            ask()
