"""Agents over HTTP: shapes, effects, who may do what, and at what cost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agents.models import Agent, AgentRun
from missions.models import Event, Membership, Mission
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.factories import RUN, browser, make_run
from tests.factories import make_user

ROLES = ["specifications", "production", "management", "evaluation", "suivi", "duplication"]
AGENT = {
    "id", "mission", "role", "name", "is_available", "state", "reason", "model",
    "effective_model", "interval",
    "next_run_at", "is_stopping", "last_run", "last_change_at", "writes", "watches", "reads",
    "cost_today", "tokens_today",
    "mode",
    "loop", "health", "key_variables",
}  # fmt: skip


class TestList:
    def test_shows_the_team_with_its_files_and_models(self, http: APIClient, mission: Mission):
        answer = http.get(f"/api/v1/agents/?mission={mission.pk}").json()

        agents = answer["results"]
        assert [agent["role"] for agent in agents] == ROLES
        assert all(set(agent) == AGENT for agent in agents)
        production = agents[1]
        assert production["mission"] == mission.pk
        assert production["state"] == "STOPPED"
        assert production["writes"] == ["production.md", "production/**"]
        assert (production["model"], production["effective_model"]) == ("", "offline/writer")
        assert production["last_run"] is None
        assert production["key_variables"] == []

    def test_names_the_variables_of_a_models_key(self, http: APIClient, production: Agent):
        Agent.objects.filter(pk=production.pk).update(model="gemini/any")

        agent = http.get(f"/api/v1/agents/{production.pk}/").json()

        assert agent["key_variables"] == ["GEMINI_API_KEY", "GOOGLE_API_KEY"]

    def test_shows_the_last_run_and_the_last_change(
        self, http: APIClient, mission: Mission, production: Agent, changed_run: AgentRun
    ):
        newest = make_run(
            production, outcome="skipped", count=3, queued_at=timezone.now() + timedelta(hours=1)
        )

        agent = http.get(f"/api/v1/agents/{production.pk}/").json()

        assert set(agent["last_run"]) == RUN
        assert agent["last_run"]["id"] == str(newest.pk)
        assert agent["last_run"]["count"] == 3
        assert datetime.fromisoformat(agent["last_change_at"]) == changed_run.finished_at

    def test_costs_the_same_for_one_and_for_many_missions(
        self, http: APIClient, ada: User, mission: Mission, django_assert_max_num_queries: Any
    ):
        for number in range(3):
            CreateMission(
                owner=ada, title=f"M{number}", request="It must.\n", language="en",
                model="offline/writer", now=timezone.now(),
            ).execute()  # fmt: skip
        for agent in Agent.objects.all():
            make_run(agent)

        # session, user, agents with missions, keys of the last runs, last runs, last changes,
        # what they spent today
        with django_assert_max_num_queries(7):
            answer = http.get("/api/v1/agents/")

        assert len(answer.json()["results"]) == 24

    def test_the_status_is_light(
        self, http: APIClient, mission: Mission, django_assert_max_num_queries: Any
    ):
        # session, user, membership, agents
        with django_assert_max_num_queries(4):
            answer = http.get(f"/api/v1/agents/status?mission={mission.pk}")

        agents = answer.json()["results"]
        assert [agent["role"] for agent in agents] == ROLES
        assert set(agents[0]) >= {"id", "role", "state", "reason", "next_run_at", "loop", "health"}
        assert agents[0]["health"] == "resting"

    def test_of_no_mission_that_one_may_see(self, stranger: APIClient, mission: Mission):
        assert stranger.get(f"/api/v1/agents/?mission={mission.pk}").status_code == 404
        assert stranger.get("/api/v1/agents/").json() == {"results": []}

    @pytest.mark.parametrize("mission", ["x", "-1", "0", "99999999999999999999999"])
    def test_a_mission_that_is_no_number_is_refused(self, http: APIClient, mission: str):
        answer = http.get(f"/api/v1/agents/?mission={mission}")

        assert answer.status_code in {400, 404, 422}
        assert answer["Content-Type"].startswith("application/problem+json")


class TestControl:
    def test_starts_an_agent(self, http: APIClient, production: Agent):
        agent = http.post(f"/api/v1/agents/{production.pk}/start").json()

        assert (agent["state"], set(agent)) == ("IDLE", AGENT)
        assert agent["next_run_at"]

    def test_stops_an_agent(self, http: APIClient, production: Agent):
        http.post(f"/api/v1/agents/{production.pk}/start")

        assert http.post(f"/api/v1/agents/{production.pk}/stop").json()["state"] == "STOPPED"

    def test_runs_an_agent_now(self, http: APIClient, production: Agent):
        agent = http.post(f"/api/v1/agents/{production.pk}/run").json()

        assert (agent["state"], agent["last_run"]["trigger"]) == ("QUEUED", "person")
        again = http.post(f"/api/v1/agents/{production.pk}/run")
        assert (again.status_code, again.json()["code"]) == (409, "conflict")

    @pytest.mark.parametrize("action", ["start", "run"])
    def test_leaves_an_archived_mission_alone(
        self, http: APIClient, production: Agent, action: str
    ):
        Mission.objects.filter(pk=production.mission_id).update(state="ARCHIVED")

        assert http.post(f"/api/v1/agents/{production.pk}/{action}").status_code == 409

    def test_gives_an_agent_a_model_of_its_own_and_takes_it_back(
        self, http: APIClient, production: Agent
    ):
        url = f"/api/v1/agents/{production.pk}/"
        agent = http.patch(url, {"model": "openai/gpt-4o"}, format="json").json()
        assert (agent["model"], agent["effective_model"]) == ("openai/gpt-4o", "openai/gpt-4o")

        agent = http.patch(url, {"model": ""}, format="json").json()
        assert (agent["model"], agent["effective_model"]) == ("", "offline/writer")

    def test_refuses_a_model_that_cannot_be_reached_and_says_what_to_set(
        self, http: APIClient, production: Agent
    ):
        url = f"/api/v1/agents/{production.pk}/"

        answer = http.patch(url, {"model": "mistral/mistral-large-latest"}, format="json")

        assert answer.status_code == 422
        assert "MISTRAL_API_KEY" in answer.json()["detail"]
        production.refresh_from_db()
        assert production.model == ""

    def test_lists_the_models_with_what_is_known_of_them(
        self, http: APIClient, mission: Mission, settings: Any
    ):
        settings.ENVIRONMENT = {"ANTHROPIC_API_KEY": "k", "PARALLAGON_MODEL": "anthropic/mine"}
        settings.PARALLAGON_PRICES = {}

        answer = http.get("/api/v1/models/").json()

        models = {model["name"]: model for model in answer["results"]}
        assert models["anthropic/claude-sonnet-4-5"] == {
            "name": "anthropic/claude-sonnet-4-5",
            "label": "claude-sonnet-4-5 (Anthropic)",
            "provider": "anthropic",
            "family": "anthropic",
            "is_offline": False,
            "edit_format": "diff",
            "price": {"input": "3", "output": "15", "cache_read": "0.3", "cache_write": "3.75"},
            "context_window": 200_000,
            "longest_reply": 64_000,
        }
        assert models["anthropic/mine"]["price"] is None
        assert models["offline/writer"]["price"]["output"] == "0"

    def test_lists_the_prices_of_the_installation(self, http: APIClient, settings: Any):
        settings.ENVIRONMENT = {"OPENAI_API_KEY": "k", "PARALLAGON_MODEL": "openai/mine"}
        settings.PARALLAGON_PRICES = {"openai/mine": (Decimal("0.5"), Decimal("1.5"))}

        models = {model["name"]: model for model in http.get("/api/v1/models/").json()["results"]}

        price = models["openai/mine"]["price"]
        assert (price["input"], price["output"]) == ("0.5", "1.5")

    def test_lists_models_with_no_query_of_their_own(
        self, http: APIClient, django_assert_num_queries: Any
    ):
        with django_assert_num_queries(1):  # who asks
            http.get("/api/v1/models/")

    @pytest.mark.parametrize("everywhere", [True, False])
    def test_runs_the_team_now(self, http: APIClient, mission: Mission, everywhere: bool):
        http.post(f"/api/v1/missions/{mission.pk}/start")
        http.post(f"/api/v1/agents/{mission.agents.get(role='suivi').pk}/stop")

        path = "/api/v1/agents/run" if everywhere else f"/api/v1/missions/{mission.pk}/run"
        assert http.post(path, {}, format="json").status_code == 200

        states = dict(mission.agents.values_list("role", "state"))
        assert states.pop("suivi") == "STOPPED"
        assert set(states.values()) == {"QUEUED"}
        assert {run.trigger for run in mission.runs.all()} == {"person"}

    def test_starts_and_stops_the_team(self, http: APIClient, mission: Mission):
        body = {"mission": mission.pk}
        started = http.post("/api/v1/agents/start", body, format="json").json()["results"]
        assert {agent["state"] for agent in started} == {"IDLE"}

        stopped = http.post("/api/v1/agents/stop", body, format="json").json()["results"]
        assert {agent["state"] for agent in stopped} == {"STOPPED"}

    def test_starts_and_stops_through_the_mission(self, http: APIClient, mission: Mission):
        started = http.post(f"/api/v1/missions/{mission.pk}/start").json()
        assert (started["id"], started["activity"]) == (mission.pk, "waiting")

        stopped = http.post(f"/api/v1/missions/{mission.pk}/stop").json()
        assert stopped["activity"] == "stopped"

    def test_tells_those_who_look_on(self, http: APIClient, production: Agent):
        http.post(f"/api/v1/agents/{production.pk}/run")

        told = Event.objects.filter(type="agent.changed").latest("pk").data
        assert (told["agent"], told["role"], told["state"]) == (
            production.pk,
            "production",
            "QUEUED",
        )
        assert told["activity"] == "working"


Ask = Callable[[APIClient], Any]


@pytest.fixture
def writes(mission: Mission, production: Agent, changed_run: AgentRun) -> dict[str, Ask]:
    """Everything that changes something, by its name."""
    agent, team = f"/api/v1/agents/{production.pk}/", {"mission": mission.pk}
    return {
        "start": lambda client: client.post(f"{agent}start"),
        "stop": lambda client: client.post(f"{agent}stop"),
        "run": lambda client: client.post(f"{agent}run"),
        "model": lambda client: client.patch(agent, {"model": "offline/writer"}, format="json"),
        "start all": lambda client: client.post("/api/v1/agents/start", team, format="json"),
        "stop all": lambda client: client.post("/api/v1/agents/stop", team, format="json"),
        "mission start": lambda client: client.post(f"/api/v1/missions/{mission.pk}/start"),
        "mission stop": lambda client: client.post(f"/api/v1/missions/{mission.pk}/stop"),
        "cancel": lambda client: client.post(f"/api/v1/runs/{changed_run.pk}/cancel"),
    }


@pytest.fixture
def reads(mission: Mission, production: Agent, changed_run: AgentRun) -> dict[str, Ask]:
    """Everything about one mission that can be read, by its address."""
    addresses = [
        f"agents/?mission={mission.pk}",
        f"agents/status?mission={mission.pk}",
        f"agents/{production.pk}/",
        f"runs/{changed_run.pk}/",
        f"runs/{changed_run.pk}/log",
        f"runs/{changed_run.pk}/diff",
    ]
    return {one: lambda client, one=one: client.get(f"/api/v1/{one}") for one in addresses}  # type: ignore[misc]


class TestWhoMay:
    def test_a_stranger_finds_nothing(
        self, stranger: APIClient, writes: dict[str, Ask], reads: dict[str, Ask]
    ):
        answers = {name: ask(stranger).status_code for name, ask in (writes | reads).items()}

        assert answers == dict.fromkeys(writes | reads, 404)

    def test_a_viewer_reads_and_changes_nothing(
        self, viewer: APIClient, writes: dict[str, Ask], reads: dict[str, Ask]
    ):
        before = set(Agent.objects.values_list("pk", "state", "model"))

        refused = {name: ask(viewer).status_code for name, ask in writes.items()}
        shown = {name: ask(viewer).status_code for name, ask in reads.items()}

        assert refused == dict.fromkeys(writes, 403)
        assert shown == dict.fromkeys(reads, 200)
        assert set(Agent.objects.values_list("pk", "state", "model")) == before

    def test_nobody_without_signing_in(self, writes: dict[str, Ask], reads: dict[str, Ask]):
        answers = {ask(APIClient()).status_code for ask in (writes | reads).values()}

        assert answers == {401}

    def test_an_editor_may(self, mission: Mission, production: Agent):
        editor = make_user()
        Membership.objects.create(mission=mission, user=editor, role=Membership.Role.EDITOR)

        assert browser(editor).post(f"/api/v1/agents/{production.pk}/run").status_code == 200
