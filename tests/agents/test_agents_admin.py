"""Why agents stand still, as the admin site tells it."""

import pytest
from django.test import Client
from django.utils import timezone

from agents.circuits import MODELS
from agents.models import Agent
from missions.models import Mission
from tests.agents.factories import make_agent, make_run
from tests.factories import make_user

BREAKERS = "/admin/agents/agent/breakers/"


@pytest.fixture
def staff(client: Client, mission: Mission) -> Client:
    client.force_login(make_user(username="root", is_staff=True, is_superuser=True))
    return client


class TestAgents:
    def test_who_goes_in_a_circle_is_found_with_the_cause(self, staff: Client, mission: Mission):
        make_agent(
            mission, "production", state="PAUSED_BREAKER", loop=Agent.Loop.FAILING,
            reason="its last 5 runs failed alike: no answer",
        )  # fmt: skip

        listed = staff.get("/admin/agents/agent/?loop=failing").content.decode()

        assert "failed alike again and again" in listed
        assert "its last 5 runs failed alike: no answer" in listed
        assert "1 agent" in listed
        agent = Agent.objects.get(mission=mission, role="production")
        page = staff.get(f"/admin/agents/agent/{agent.pk}/change/").content.decode()
        assert "failed alike again and again" in page

    def test_runs_are_found_by_what_went_wrong(self, staff: Client, production: Agent):
        make_run(production, outcome="failed", failure="malformed_reply", reason="odd words")
        make_run(production, outcome="failed", failure="timeout", reason="too slow")

        listed = staff.get("/admin/agents/agentrun/?failure=malformed_reply").content.decode()

        assert "edits in another format than asked for" in listed
        assert "odd words" in listed
        assert "too slow" not in listed


class TestBreakers:
    def test_show_which_model_is_left_alone_and_why(self, staff: Client):
        now = timezone.now().timestamp()
        for number in range(5):
            MODELS.failed("openai/down", str(number), now=now, wait=0, reason="overloaded")

        page = staff.get(BREAKERS).content.decode()

        assert "openai/down" in page
        assert "failure at the provider" in page

    def test_say_so_where_there_are_none(self, staff: Client):
        assert "No model is left alone" in staff.get(BREAKERS).content.decode()

    def test_are_linked_from_the_agents(self, staff: Client):
        assert BREAKERS in staff.get("/admin/agents/agent/").content.decode()

    def test_are_for_staff_who_may_see_agents(self, client: Client, mission: Mission):
        client.force_login(make_user(username="half", is_staff=True))

        assert client.get(BREAKERS).status_code == 403
        client.logout()
        assert client.get(BREAKERS).status_code == 302
