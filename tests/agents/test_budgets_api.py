"""Budgets and costs over HTTP: who may see and change them, and what changing them does."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agents.gateway.protocol import CallRecord
from agents.models import Agent, AgentRun, BudgetNotice, ModelCall
from agents.scheduling import next_day
from agents.services import FinishRun
from missions.models import Event, Membership, Mission
from parallagon.accounts.models import User
from tests.agents.factories import browser, make_call, make_run
from tests.factories import make_user

PAID = "openai/gpt-4o-mini"


@pytest.fixture
def editor(mission: Mission) -> APIClient:
    user = make_user(username="editor")
    Membership.objects.create(mission=mission, user=user, role=Membership.Role.EDITOR)
    return browser(user)


@pytest.fixture
def paused(mission: Mission, production: Agent) -> Agent:
    """An agent that waits for tomorrow because the mission has used up its budget."""
    mission.model = PAID
    mission.save(update_fields=["model"])
    Agent.objects.filter(pk=production.pk).update(
        state="PAUSED_BUDGET", next_run_at=next_day(timezone.now())
    )
    return production


def budget_of(mission: Mission) -> str:
    return f"/api/v1/missions/{mission.pk}/budget"


def standing(body: Any, scope: str) -> Any:
    return next(one for one in body["standings"] if one["scope"] == scope)


def measure(body: Any, scope: str, kind: str = "cost") -> Any:
    return next(one for one in standing(body, scope)["measures"] if one["kind"] == kind)


class TestMissionBudget:
    def test_is_the_installations_until_it_has_its_own(
        self, http: APIClient, mission: Mission, settings: Any
    ) -> None:
        settings.PARALLAGON_MISSION_DAY_DOLLARS = Decimal("2.50")

        body = http.get(budget_of(mission)).json()

        assert set(body["caps"].values()) == {None}
        assert measure(body, "mission_day") == {
            "kind": "cost", "used": "0", "held": "0", "cap": "2.5", "is_own": False,
            "share": 0.0, "level": "fine",
        }  # fmt: skip
        assert measure(body, "mission")["cap"] is None
        assert measure(body, "mission")["share"] is None
        assert standing(body, "mission")["renewed_at"] is None
        assert [one["scope"] for one in body["standings"]] == ["mission_day", "mission", "day"]

    def test_says_what_is_used_and_held(
        self, http: APIClient, mission: Mission, production: Agent
    ) -> None:
        http.put(budget_of(mission), {"dollars": "0.05"}, format="json")
        make_call(make_run(production, model=PAID), cost="0.045", output_tokens=10)
        yesterday = timezone.now() - timedelta(days=1)
        make_call(make_run(production, model=PAID), cost="0.001", started_at=yesterday)
        make_run(
            production, state="RUNNING", outcome="", finished_at=None, model=PAID,
            reserved_cost=Decimal("0.002"), reserved_tokens=5, reserved_calls=1,
        )  # fmt: skip

        body = http.get(budget_of(mission)).json()

        total = measure(body, "mission")
        assert (total["used"], total["held"], total["cap"]) == ("0.046", "0.002", "0.05")
        assert (total["share"], total["level"], total["is_own"]) == (0.92, "warning", True)
        assert measure(body, "mission_day")["used"] == "0.045"
        assert measure(body, "mission_day", "output_tokens")["used"] == "10"
        assert measure(body, "mission", "calls")["used"] == "2"

    def test_the_offline_writer_uses_up_nothing(
        self, http: APIClient, mission: Mission, production: Agent
    ) -> None:
        make_call(make_run(production, model="offline/writer"), cost="0", output_tokens=500)

        body = http.get(budget_of(mission)).json()

        assert measure(body, "mission", "output_tokens")["used"] == "0"
        assert measure(body, "mission", "calls")["used"] == "0"

    def test_is_the_owners_to_change(
        self, editor: APIClient, viewer: APIClient, stranger: APIClient, mission: Mission
    ) -> None:
        body = {"dollars": "1"}

        answers = [one.put(budget_of(mission), body, format="json") for one in (editor, viewer)]

        assert [answer.status_code for answer in answers] == [403, 403]
        assert viewer.get(budget_of(mission)).status_code == 200
        assert stranger.get(budget_of(mission)).status_code == 404
        assert stranger.put(budget_of(mission), body, format="json").status_code == 404

    @pytest.mark.parametrize(
        "caps",
        [
            {"dollars": "-1"},
            {"dollars": "NaN"},
            {"dollars": "1e40"},
            {"dollars": "much"},
            {"dollars": "0.0000000001"},
            {"tokens": -1},
            {"calls": 1.5},
            {"day_tokens": 10**30},
        ],
    )
    def test_refuses_what_is_no_amount(
        self, http: APIClient, mission: Mission, caps: dict[str, Any]
    ) -> None:
        answer = http.put(budget_of(mission), caps, format="json")

        assert answer.status_code == 422, answer.json()
        assert http.get(budget_of(mission)).json()["caps"]["dollars"] is None

    def test_replaces_what_was_there(self, http: APIClient, mission: Mission) -> None:
        http.put(budget_of(mission), {"dollars": "2", "day_calls": 7}, format="json")

        body = http.put(budget_of(mission), {"day_dollars": 0}, format="json").json()

        assert body["caps"] == {
            "dollars": None, "tokens": None, "calls": None,
            "day_dollars": "0", "day_tokens": None, "day_calls": None,
        }  # fmt: skip
        assert standing(body, "mission_day")["level"] == "reached"

    def test_takes_few_queries(
        self, http: APIClient, mission: Mission, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        # user, membership; the caps twice, runs at work, ledger
        with django_assert_num_queries(6):
            http.get(budget_of(mission))


class TestRaising:
    def test_wakes_who_was_paused_at_once(
        self, http: APIClient, mission: Mission, paused: Agent
    ) -> None:
        http.put(budget_of(mission), {"day_dollars": "50"}, format="json")

        paused.refresh_from_db()
        assert paused.state == "IDLE"
        assert paused.next_run_at is not None
        assert paused.next_run_at <= timezone.now()
        assert paused.reason == "the budget was raised"
        told = Event.objects.filter(mission=mission, type="agent.changed").latest("seq").data
        assert (told["agent"], told["state"]) == (paused.pk, "IDLE")

    def test_lowering_wakes_nobody(
        self, http: APIClient, mission: Mission, paused: Agent, settings: Any
    ) -> None:
        settings.PARALLAGON_MISSION_DAY_DOLLARS = Decimal(5)

        http.put(budget_of(mission), {"day_dollars": "1", "dollars": "1"}, format="json")

        paused.refresh_from_db()
        assert paused.state == "PAUSED_BUDGET"

    def test_is_told(self, http: APIClient, mission: Mission) -> None:
        http.put(budget_of(mission), {"dollars": "1"}, format="json")

        told = Event.objects.filter(mission=mission, type="mission.changed").latest("seq").data
        assert told["budget"] == {"level": "changed"}

    def test_of_an_agents_day_wakes_that_agent(
        self, http: APIClient, mission: Mission, paused: Agent, settings: Any
    ) -> None:
        settings.PARALLAGON_AGENT_DAY_DOLLARS = Decimal(1)
        Agent.objects.filter(mission=mission, role="suivi").update(state="PAUSED_BUDGET")

        body = http.put(
            f"/api/v1/agents/{paused.pk}/budget", {"day_dollars": "3"}, format="json"
        ).json()

        assert measure(body, "agent_day")["cap"] == "3"
        states = dict(Agent.objects.filter(mission=mission).values_list("role", "state"))
        assert (states["production"], states["suivi"]) == ("IDLE", "PAUSED_BUDGET")


class TestAgentBudget:
    def test_is_seen_by_viewers_and_changed_by_owners(
        self,
        http: APIClient,
        viewer: APIClient,
        editor: APIClient,
        stranger: APIClient,
        production: Agent,
    ) -> None:
        url = f"/api/v1/agents/{production.pk}/budget"
        body = {"day_calls": 3}
        people = (viewer, editor, stranger, http)

        answers = [one.put(url, body, format="json") for one in people]

        assert [answer.status_code for answer in answers] == [403, 403, 404, 200]
        seen = viewer.get(url).json()
        assert seen["caps"] == {"day_dollars": None, "day_tokens": None, "day_calls": 3}
        assert measure(seen, "agent_day", "calls")["cap"] == "3"
        assert stranger.get(url).status_code == 404


class TestWarning:
    def finish(self, agent: Agent, cost: str) -> None:
        """Finish a run of a paid model that cost so much."""
        Agent.objects.filter(pk=agent.pk).update(state="RUNNING")
        run = make_run(
            agent, state="RUNNING", outcome="", finished_at=None, model=PAID,
            queued_at=timezone.now(),
        )  # fmt: skip
        FinishRun(
            run=run, outcome="unchanged", reason="", calls=[record(cost)], now=timezone.now()
        ).execute()

    def warnings(self, mission: Mission) -> list[Any]:
        told = Event.objects.filter(mission=mission, type="mission.changed").order_by("seq")
        return [event.data["budget"] for event in told if "budget" in event.data]

    def test_comes_once_at_four_fifths_and_once_at_the_end(
        self, mission: Mission, production: Agent, http: APIClient
    ) -> None:
        http.put(budget_of(mission), {"dollars": "0.05"}, format="json")
        for cost in ("0.03", "0.011", "0.001", "0.02", "0.001"):
            self.finish(production, cost)

        _changed, *warned = self.warnings(mission)

        assert [(one["level"], one["used"]) for one in warned] == [
            ("warning", "0.041"),
            ("reached", "0.062"),
        ]
        assert warned[0] == {
            "level": "warning", "scope": "mission", "agent": None, "kind": "cost",
            "used": "0.041", "cap": "0.05",
        }  # fmt: skip
        assert BudgetNotice.objects.count() == 2

    def test_comes_again_for_a_cap_that_was_raised(
        self, mission: Mission, production: Agent, http: APIClient
    ) -> None:
        for dollars in ("0.05", "0.06"):
            http.put(budget_of(mission), {"dollars": dollars}, format="json")
            self.finish(production, "0.045" if dollars == "0.05" else "0.004")

        levels = [(one["level"], one.get("cap")) for one in self.warnings(mission)]
        assert levels == [
            ("changed", None), ("warning", "0.05"), ("changed", None), ("warning", "0.06"),
        ]  # fmt: skip


class TestCosts:
    @pytest.fixture
    def spent(self, mission: Mission, production: Agent) -> None:
        suivi = Agent.objects.get(mission=mission, role="suivi")
        yesterday = timezone.now() - timedelta(days=1)
        make_call(make_run(production, model=PAID), cost="0.5", output_tokens=100)
        make_call(
            make_run(suivi, model="openai/mystery"), cost="0.25", is_price_assumed=True,
            started_at=yesterday,
        )  # fmt: skip
        make_call(make_run(suivi, model="elsewhere/mystery"), cost=None, output_tokens=5)
        make_call(make_run(suivi, model="offline/writer"), cost="0", output_tokens=9)

    @pytest.mark.usefixtures("spent")
    def test_are_told_by_agent(self, http: APIClient, mission: Mission) -> None:
        body = http.get(f"/api/v1/missions/{mission.pk}/costs?by=agent").json()

        assert [(one["key"], one["cost"], one["calls"]) for one in body["results"]] == [
            ("production", "0.5", 1),
            ("suivi", "0.25", 3),
        ]
        assert body["total"]["cost"] == "0.75"
        assert (body["total"]["assumed_calls"], body["total"]["unpriced_calls"]) == (1, 1)

    @pytest.mark.usefixtures("spent")
    def test_are_told_by_model_where_unknown_is_not_zero(
        self, http: APIClient, mission: Mission
    ) -> None:
        body = http.get(f"/api/v1/missions/{mission.pk}/costs?by=model").json()

        assert {one["key"]: one["cost"] for one in body["results"]} == {
            PAID: "0.5", "openai/mystery": "0.25", "elsewhere/mystery": None,
            "offline/writer": "0",
        }  # fmt: skip

    @pytest.mark.usefixtures("spent")
    def test_are_told_by_day(self, http: APIClient, mission: Mission) -> None:
        url = f"/api/v1/missions/{mission.pk}/costs"

        assert [one["cost"] for one in http.get(url).json()["results"]] == ["0.5", "0.25"]
        assert [one["cost"] for one in http.get(f"{url}?days=1").json()["results"]] == ["0.5"]

    def test_are_for_members_and_bounded(
        self, http: APIClient, stranger: APIClient, mission: Mission
    ) -> None:
        url = f"/api/v1/missions/{mission.pk}/costs"

        assert stranger.get(url).status_code == 404
        assert http.get(f"{url}?by=person").status_code == 422
        assert http.get(f"{url}?days=100000").status_code == 422
        assert http.get(url).json()["total"]["cost"] == "0"

    @pytest.mark.usefixtures("spent")
    def test_stand_with_missions_agents_and_runs(
        self, http: APIClient, mission: Mission, production: Agent
    ) -> None:
        shown = http.get(f"/api/v1/missions/{mission.pk}/").json()
        agent = http.get(f"/api/v1/agents/{production.pk}/").json()

        assert (shown["cost"], shown["cost_today"], shown["tokens_today"]) == ("0.75", "0.5", 114)
        assert (agent["cost_today"], agent["tokens_today"]) == ("0.5", 100)

    def test_of_a_run_stand_in_the_run_and_its_facts(
        self, http: APIClient, production: Agent
    ) -> None:
        run = make_run(production, model=PAID, cost=Decimal("0.000123"), is_cost_assumed=True)

        body = http.get(f"/api/v1/runs/{run.pk}/").json()

        assert (body["cost"], body["is_cost_assumed"]) == ("0.000123", True)


class TestLedgerInTheAdmin:
    def test_is_shown_with_its_sum_and_cannot_be_changed(
        self, client: Client, mission: Mission, production: Agent
    ) -> None:
        client.force_login(make_user(is_staff=True, is_superuser=True))
        first = make_call(make_run(production, model=PAID), cost="0.5", output_tokens=100)
        make_call(make_run(production, model=PAID), cost="0.25", output_tokens=20)

        listed = client.get("/admin/agents/modelcall/")
        one = client.get(f"/admin/agents/modelcall/{first.pk}/change/")

        assert "2 calls, 120 output tokens, $0.75" in listed.content.decode()
        assert "0.5" in one.content.decode()
        assert client.post(f"/admin/agents/modelcall/{first.pk}/change/", {}).status_code == 403
        assert client.get("/admin/agents/modelcall/add/").status_code == 403
        assert client.get("/admin/agents/budget/").status_code == 200


def test_the_ledger_goes_with_its_run(production: Agent, ada: User) -> None:
    run = make_run(production, model=PAID)
    make_call(run, cost="1")

    AgentRun.objects.filter(pk=run.pk).delete()

    assert not ModelCall.objects.exists()


def record(cost: str) -> CallRecord:
    return CallRecord(
        number=1, started_at=timezone.now().timestamp(), seconds=1.0, status=200, input_tokens=10,
        output_tokens=10, cached_tokens=None, is_estimated=False, finish_reason="stop",
        is_complete=True, failure=None, detail="", cost=cost, input_price="1", output_price="2",
    )  # fmt: skip
