"""Calls that a budget forbids before they are made: told with the run, and no calls."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from prometheus_client import REGISTRY

from agents.budget import Caps, keep, scopes_of, spent
from agents.costs import calls_of, total
from agents.gateway.protocol import CallRecord, RunReport, read_calls
from agents.models import Agent, AgentRun, ModelCall
from agents.selectors import run_directory
from agents.services import FinishRun, SetMissionBudget
from missions.models import Mission
from tests.agents.cycle_runs import Team
from tests.agents.factories import make_call, make_run
from tests.aider.aider_model import ScriptedModel

MODEL = "openai/scripted"
REASON = "the budget is used up"


def call(number: int, **fields: Any) -> CallRecord:
    """Return the record of a call; it is a whole one that cost a cent, unless told otherwise."""
    values: dict[str, Any] = {
        "number": number, "started_at": timezone.now().timestamp(), "seconds": 1.0, "status": 200,
        "input_tokens": 10, "output_tokens": 10, "cached_tokens": None, "is_estimated": False,
        "finish_reason": "stop", "is_complete": True, "failure": None, "detail": "",
        "cost": "0.01",
    }  # fmt: skip
    return CallRecord(**values | fields)


def refused(number: int) -> CallRecord:
    """Return the record of a call that nobody was asked."""
    return call(
        number, status=None, input_tokens=None, output_tokens=None, cost=None, is_complete=False,
        finish_reason=None, failure="over_allowance", detail=REASON,
    )  # fmt: skip


def finish(agent: Agent, *calls: CallRecord) -> AgentRun:
    """End a run that made, or would have made, these calls."""
    Agent.objects.filter(pk=agent.pk).update(state="RUNNING")
    run = make_run(agent, state="RUNNING", outcome="", finished_at=None, model=MODEL)
    FinishRun(
        run=run, outcome="stopped_budget", reason=REASON, calls=calls, now=timezone.now()
    ).execute()
    return AgentRun.objects.get(pk=run.pk)


def spent_on(mission: Mission) -> Any:
    scopes = scopes_of(mission_id=mission.pk, agent=None, today=timezone.now().date())
    return spent(scopes)[f"mission {mission.pk}"]


class TestTheLedger:
    def test_has_no_row_of_one_and_the_run_says_why(self, mission: Mission, production: Agent):
        run = finish(production, refused(1))

        assert not ModelCall.objects.exists()
        assert (run.call_count, run.cost, run.reason) == (0, Decimal(0), REASON)
        assert spent_on(mission).calls == 0

    def test_knows_what_the_calls_before_it_cost(self, mission: Mission, production: Agent):
        run = finish(production, call(1), refused(2))

        assert [row.number for row in ModelCall.objects.all()] == [1]
        assert (run.call_count, run.cost) == (1, Decimal("0.01"))
        assert spent_on(mission).calls == 1
        told = total(calls_of(mission.pk, days=1, now=timezone.now()))
        assert (told["calls"], told["unpriced_calls"], told["cost"]) == (1, 0, Decimal("0.01"))

    def test_keeps_a_call_that_was_broken_off_in_its_reply(self, production: Agent):
        broken = call(1, is_complete=False, failure="over_allowance", detail=REASON)

        assert finish(production, broken).call_count == 1
        assert ModelCall.objects.get().cost == Decimal("0.01")

    def test_leaves_the_cost_unknown_of_a_call_that_was_made(self, production: Agent):
        assert finish(production, call(1, cost=None), refused(2)).cost is None

    def test_is_what_measures_count(
        self, production: Agent, django_capture_on_commit_callbacks: Any
    ):
        def unpriced() -> float:
            name = "parallagon_model_calls_unpriced_total"
            return REGISTRY.get_sample_value(name, {"provider": "openai"}) or 0.0

        before = unpriced()
        with django_capture_on_commit_callbacks(execute=True):
            finish(production, refused(1))

        assert unpriced() == before


def test_one_holds_nothing_of_a_budget_while_its_run_is_at_work(production: Agent):
    run = make_run(
        production, state="RUNNING", outcome="", finished_at=None, model=MODEL,
        reserved_cost=Decimal("0.01"), reserved_tokens=10, reserved_calls=1,
    )  # fmt: skip

    keep(run, RunReport.of(str(run.pk), (call(1), refused(2)), REASON))

    assert run.reserved_calls == 1


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
class TestARun:
    @pytest.fixture(autouse=True)
    def dear(self, team: Team, settings: Any) -> None:
        """A question costs more than the mission may, which has spent nothing yet."""
        settings.PARALLAGON_PRICES = {MODEL: (Decimal(100), Decimal(100))}
        caps = Caps(dollars=Decimal("0.05"))
        SetMissionBudget(mission=team.mission, total=caps, day=Caps(), now=team.clock()).execute()

    def test_whose_question_does_not_fit_made_no_call(self, team: Team, model: ScriptedModel):
        run = team.run("production")

        assert model.calls == []
        assert (run.outcome, run.failure) == ("stopped_budget", "over_budget"), run.reason
        assert "$0.05" in run.reason
        assert (run.call_count, run.cost) == (0, Decimal(0))
        assert not ModelCall.objects.filter(run=run).exists()
        [kept] = read_calls(run_directory(run.pk))
        assert (kept.was_made, kept.failure) == (False, "over_allowance")
        assert kept.detail == run.reason
        assert spent_on(team.mission).calls == 0


BEFORE, AFTER = ("agents", "0016_origins"), ("agents", "0017_refused_calls")


@pytest.fixture
def newest(transactional_db: None) -> Iterator[None]:
    """Go to the newest tables again, whatever the test did."""
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.usefixtures("newest")
def test_rows_of_before_leave_the_ledger(production: Agent):
    forbidden: dict[str, Any] = {
        "status": None, "input_tokens": None, "output_tokens": None, "cost": None,
        "is_complete": False, "failure": "over_allowance",
    }  # fmt: skip
    alone = make_run(production, call_count=1, cost=None, model=MODEL)
    make_call(alone, **forbidden)
    second = make_run(production, call_count=2, cost=Decimal("0.01"), model=MODEL)
    make_call(second, cost="0.01", status=200)
    make_call(second, number=2, **forbidden)
    broken = make_run(production, call_count=1, cost=Decimal("0.02"), model=MODEL)
    make_call(broken, cost="0.02", status=200, failure="over_allowance", is_complete=False)
    lost = make_run(production, call_count=1, cost=None, model=MODEL)
    make_call(lost, cost=None, status=None, failure="unreachable", is_complete=False)
    for target in (BEFORE, AFTER):
        MigrationExecutor(connection).migrate([target])

    runs = {run.pk: (run.call_count, run.cost) for run in AgentRun.objects.all()}
    assert runs == {
        alone.pk: (0, 0),
        second.pk: (1, Decimal("0.01")),
        broken.pk: (1, Decimal("0.02")),
        lost.pk: (1, None),
    }
    kept = set(ModelCall.objects.values_list("run", "number"))
    assert kept == {(second.pk, 1), (broken.pk, 1), (lost.pk, 1)}
