"""The preview of what a run would ask is what the run then asks, to the letter."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from agents.aider import question
from agents.models import Agent
from agents.preview import preview
from agents.services import LeaveInstruction
from missions.models import Mission
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel


class TestPreview:
    @pytest.mark.engine
    @pytest.mark.xdist_group("engine")
    def test_is_what_the_model_gets(self, team: Team, model: ScriptedModel):
        team.put("production/notes.md", "```\nfenced\n```\nNo line end")
        agent = team.agent("production")
        LeaveInstruction(
            agent=agent, text="In verse.\n# Please", author=team.owner, now=team.clock()
        ).execute()
        team.mission.refresh_from_db()

        shown = preview(team.agent("production"), environment=team.workshop.environment)
        run = team.run("production")

        assert run.outcome == "unchanged"
        told = [{"role": one.role, "content": one.content} for one in shown.messages]
        assert told == model.calls[-1]["messages"]
        assert shown.message in told[-1]["content"]
        assert "> In verse.\n> # Please\n" in shown.message
        assert sum(part.characters for part in shown.parts) == sum(
            len(one["content"]) for one in told
        )
        assert {"rules", "readonly", "editable", "prompt", "facts", "instructions"} <= {
            part.name for part in shown.parts
        }
        instructions = next(part for part in shown.parts if part.name == "instructions")
        assert instructions.characters == len("\n## Instructions\n\n> In verse.\n> # Please\n")

    @pytest.mark.engine
    @pytest.mark.xdist_group("engine")
    def test_changes_nothing(self, team: Team, model: ScriptedModel):
        forks, seq = team.workshop.engine.health().forks, len(team.events("agent.changed"))

        preview(team.agent("suivi"), environment=team.workshop.environment)

        assert team.workshop.engine.health().forks == forks
        assert model.calls == []
        assert len(team.events("agent.changed")) == seq


class TestOverHttp:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """Aider answers at once, with our own message alone; what it was asked."""
        requests: list[Any] = []

        def answer(request: Any) -> Any:
            requests.append(request)
            return [question.Message(part="message", role="user", content=request.prompt)]

        monkeypatch.setattr(question, "ask", answer)
        return requests

    def test_shows_a_draft(self, http: APIClient, production: Agent, asked: list[Any]):
        address = f"/api/v1/agents/{production.pk}/prompt/preview"

        saved, draft = http.get(address), http.post(address, {"text": "In verse."}, format="json")

        saved, draft = saved.json(), draft.json()
        assert "\n\nIn verse.\n\n## Facts" in draft["message"]
        assert "In verse." not in saved["message"]
        parts = {part["name"]: part for part in draft["parts"]}
        assert (parts["prompt"]["characters"], parts["prompt"]["tokens"]) == (9, 3)
        assert draft["tokens"] == sum(part["tokens"] for part in draft["parts"])
        assert set(draft) == {"model", "edit_format", "message", "messages", "parts", "tokens"}

    def test_who_may(
        self, viewer: APIClient, stranger: APIClient, production: Agent, asked: list[Any]
    ):
        address = f"/api/v1/agents/{production.pk}/prompt/preview"

        assert viewer.get(address).status_code == 200
        assert viewer.post(address, {"text": "x"}, format="json").status_code == 403
        assert stranger.get(address).status_code == 404
        assert len(asked) == 1

    def test_a_model_that_cannot_be_reached(
        self, http: APIClient, production: Agent, mission: Mission, asked: list[Any]
    ):
        Agent.objects.filter(pk=production.pk).update(model="nobody/knows")

        assert http.get(f"/api/v1/agents/{production.pk}/prompt/preview").status_code == 422
        assert asked == []

    def test_says_so_when_aider_does_not_answer(
        self, http: APIClient, production: Agent, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(question, "BOOT", "import sys; sys.exit('no such thing')")

        answer = http.get(f"/api/v1/agents/{production.pk}/prompt/preview")

        assert answer.status_code == 503
        assert "no such thing" in answer.json()["detail"]
