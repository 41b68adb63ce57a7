"""Budgets that runs of several workers share, and runs whose price is only assumed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agents.budget import Amounts, BudgetHeld, BudgetReached, Caps, keep, overdrawn, reserve
from agents.gateway.protocol import RunReport
from agents.models import Agent, AgentRun
from agents.services import StartAgent
from missions.models import Mission
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.cycle_runs import Team
from tests.agents.factories import make_call, make_run
from tests.aider.aider_model import ScriptedModel, search_block

MODEL = "openai/scripted"
EDIT = search_block("production.md", "# Production\n", "# Written\n")


def at_work(mission: Mission, role: str, holds: str | None = None) -> AgentRun:
    """Make a run at work that holds so many dollars."""
    return make_run(
        Agent.objects.select_related("mission").get(mission=mission, role=role),
        state="RUNNING", outcome="", finished_at=None, model=MODEL,
        started_at=timezone.now(), heartbeat_at=timezone.now(),
        reserved_cost=None if holds is None else Decimal(holds),
        reserved_tokens=None if holds is None else 0, reserved_calls=None if holds is None else 1,
    )  # fmt: skip


def these(*runs: AgentRun) -> Any:
    ids = {run.pk for run in runs}
    return lambda run_id: run_id in ids


@pytest.fixture
def capped(mission: Mission, settings: Any) -> Mission:
    settings.PARALLAGON_MISSION_DAY_DOLLARS = Decimal("0.05")
    return mission


class TestReserve:
    def test_is_refused_when_the_cap_is_spent(self, capped: Mission) -> None:
        make_call(make_run(at_work(capped, "suivi").agent, model=MODEL), cost="0.05")

        with pytest.raises(BudgetReached, match=r"this mission today.*\$0.05.*MISSION_DAY_DOLLARS"):
            reserve(at_work(capped, "production"), characters=400, now=timezone.now())

    def test_waits_while_runs_at_work_hold_the_rest(self, capped: Mission) -> None:
        at_work(capped, "suivi", holds="0.0499")
        run = at_work(capped, "production")

        with pytest.raises(BudgetHeld):
            reserve(run, characters=400, now=timezone.now())

        assert run.reserved_cost is None

    def test_goes_on_alone_with_whatever_is_left(self, capped: Mission) -> None:
        make_call(make_run(at_work(capped, "suivi").agent, model=MODEL), cost="0.0499")
        run = at_work(capped, "production")

        allowance = reserve(run, characters=400, now=timezone.now())

        left = {one.key: one.left for one in allowance.ceilings if one.kind == "cost"}
        assert left[f"mission {capped.pk} {timezone.now().date()}"] == Decimal("0.0001")

    def test_stands_under_the_installations_day_across_missions(
        self, mission: Mission, settings: Any, ada: User
    ) -> None:
        settings.PARALLAGON_DAY_CALLS = 1
        make_call(make_run(at_work(mission, "suivi").agent, model=MODEL), cost="0")
        other = CreateMission(
            owner=ada, title="Other", request="It must.\n", language="en", model=MODEL,
            now=timezone.now(),
        ).execute()  # fmt: skip
        run = at_work(other, "production")

        with pytest.raises(BudgetReached, match="the whole installation today"):
            reserve(run, characters=400, now=timezone.now())

    def test_of_a_free_model_needs_no_money(self, capped: Mission) -> None:
        make_call(make_run(at_work(capped, "suivi").agent, model=MODEL), cost="1")
        run = at_work(capped, "production")
        run.model = "ollama/llama3"

        allowance = reserve(run, characters=400, now=timezone.now())

        assert {one.kind for one in allowance.ceilings} == {"output_tokens", "calls"}

    def test_of_the_offline_writer_sets_nothing_aside(self, capped: Mission) -> None:
        run = at_work(capped, "production")
        run.model = "offline/writer"

        assert reserve(run, characters=400, now=timezone.now()).ceilings == ()
        assert run.reserved_cost is None


class TestOverdrawn:
    def test_counts_what_runs_of_other_workers_hold(self, capped: Mission) -> None:
        mine, theirs = at_work(capped, "production", "0.03"), at_work(capped, "suivi", "0.03")

        assert overdrawn(mine, is_here=these(mine), now=timezone.now()) is not None
        assert overdrawn(mine, is_here=these(mine, theirs), now=timezone.now()) is None

    def test_is_nobody_while_there_is_enough(self, capped: Mission) -> None:
        mine = at_work(capped, "production", "0.03")
        at_work(capped, "suivi", "0.02")

        assert overdrawn(mine, is_here=these(mine), now=timezone.now()) is None

    def test_a_run_is_counted_with_what_it_used_and_never_less(self, capped: Mission) -> None:
        run = at_work(capped, "production", "0.03")

        for cost in ("0.01", "0.04", "0.02"):
            keep(run, report(cost))

        run.refresh_from_db()
        assert run.reserved_cost == Decimal("0.04")


def report(cost: str) -> RunReport:
    return RunReport(
        run_id="", calls=(), void=None, input_tokens=0, output_tokens=0, cost=Decimal(cost)
    )


class TestCaps:
    amounts = st.none() | st.integers(0, 5)

    @given(st.tuples(amounts, amounts, amounts), st.tuples(amounts, amounts, amounts))
    def test_raise_others_exactly_when_they_allow_more_of_something(
        self, mine: Sequence[int | None], theirs: Sequence[int | None]
    ) -> None:
        def caps(values: Sequence[int | None]) -> Caps:
            dollars, tokens, calls = values
            return Caps(
                dollars=None if dollars is None else Decimal(dollars), tokens=tokens, calls=calls
            )

        allows_more = any(
            (10 if own is None else own) > (10 if other is None else other)
            for own, other in zip(mine, theirs, strict=True)
        )
        assert caps(mine).raises(caps(theirs)) == allows_more

    def test_amounts_add_up_kind_by_kind(self) -> None:
        both = Amounts(dollars=Decimal(1), tokens=2, calls=3) + Amounts(tokens=5)
        assert both == Amounts(dollars=Decimal(1), tokens=7, calls=3)


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
class TestARealCycle:
    def test_ends_when_another_workers_run_uses_up_the_rest(
        self, team: Team, model: ScriptedModel, settings: Any
    ) -> None:
        settings.PARALLAGON_MISSION_DAY_DOLLARS = Decimal("0.05")
        model.enqueue("I think ", EDIT, hold=True)
        before = team.on_disk()
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            elsewhere = at_work(team.mission, "suivi", "0.0501")
            run = background.join()

        assert run.outcome == "stopped_budget", run.reason
        assert "$0.05" in run.reason
        assert team.on_disk() == before
        assert team.agent("production").state == Agent.State.PAUSED_BUDGET
        assert elsewhere.state == "RUNNING"

    def test_is_stopped_in_the_middle_of_the_reply_that_costs_too_much(
        self, team: Team, model: ScriptedModel, settings: Any
    ) -> None:
        settings.PARALLAGON_RUN_DOLLARS = Decimal("0.002")  # 3,300 output tokens
        model.enqueue(*["word " * 400] * 20, EDIT, hold=True)

        run = team.run("production")

        assert run.outcome == "stopped_budget", run.reason
        assert "this run allows no more: $0.002 (PARALLAGON_RUN_DOLLARS)" in run.reason
        assert run.cost is not None
        assert Decimal("0.002") < run.cost < Decimal("0.02")
        assert not run.is_cost_assumed

    def test_of_a_model_without_a_known_price_counts_as_the_dearest(
        self, team: Team, model: ScriptedModel, settings: Any
    ) -> None:
        settings.PARALLAGON_PRICES = {}
        settings.PARALLAGON_RUN_DOLLARS = None

        run = team.run("production")

        assert run.outcome == "unchanged", run.reason
        assert run.is_cost_assumed
        assert run.cost
        [call] = run.calls.all()
        assert (call.is_price_assumed, call.cost) == (True, run.cost)

    def test_says_so_when_an_assumed_price_stops_it(
        self, team: Team, model: ScriptedModel, settings: Any
    ) -> None:
        settings.PARALLAGON_PRICES = {}
        settings.PARALLAGON_RUN_DOLLARS = Decimal("0.001")

        run = team.run("production")

        assert run.outcome == "stopped_budget", run.reason
        assert "PARALLAGON_PRICES" in run.reason
        assert model.calls == []

    def test_of_the_offline_writer_costs_nothing(self, team: Team) -> None:
        Agent.objects.filter(role="production").update(model="offline/writer")

        run = team.run("production")

        assert run.cost == 0
        assert not run.is_cost_assumed

    def test_a_paused_agent_that_is_started_looks_again(self, team: Team, settings: Any) -> None:
        settings.PARALLAGON_MISSION_DAY_DOLLARS = Decimal(0)
        assert team.run("production").outcome == "stopped_budget"
        settings.PARALLAGON_MISSION_DAY_DOLLARS = Decimal(1)

        StartAgent(agent=team.agent("production"), now=team.clock()).execute()

        assert team.run("production").outcome == "unchanged"
