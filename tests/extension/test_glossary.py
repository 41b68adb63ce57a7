"""The example of a seventh role: one setting, and it works like the others."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone, translation

from agents.models import Agent, AgentRun
from agents.roles import registry
from agents.selectors import activities, agents_due, team_of
from agents.services import (
    Dispatch,
    ReconcileRoles,
    RunAgent,
    SettleMission,
    StartAgent,
    StartMission,
)
from agents.services.queue import queue_run
from examples.glossary import Glossary
from missions.turns import turn
from parallagon import checks
from parallagon.core.errors import Conflict
from tests.agents.cycle_runs import Team
from tests.agents.factories import browser
from tests.aider.aider_model import ScriptedModel, search_block

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ENTRY = "# Glossary\n\n- **GPS** — global positioning system\n"


@pytest.fixture
def with_glossary(settings: Any) -> None:
    settings.PARALLAGON_ROLES = [*settings.PARALLAGON_ROLES, "examples.glossary.Glossary"]


def reconcile() -> tuple[int, int]:
    return ReconcileRoles(now=timezone.now()).execute()


def states(team: Team) -> dict[str, str]:
    return dict(Agent.objects.filter(mission=team.mission).values_list("role", "state"))


class TestTheExamples:
    @pytest.mark.parametrize("name", ["glossary.py", "count_words.py"])
    def test_are_short(self, name: str) -> None:
        assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) < 60

    def test_speaks_both_languages(self) -> None:
        role = Glossary()

        assert role.name() == "Glossary"
        with translation.override("fr"):
            assert role.name() == "Glossaire"
        assert role.shipped_prompt("fr") != role.shipped_prompt("en")

    def test_passes_the_checks(self, with_glossary: None) -> None:
        assert checks.roles() == []
        call_command("check")

    @pytest.mark.parametrize(
        ("dotted", "sentence"),
        [
            ("examples.glossary.Nothing", "does not define"),
            ("examples.nothing.Role", "No module named"),
            ("examples.count_words.WordsNotCounted", "missing 1 required"),
            ("builtins.dict", "no AiderAgent"),
            ("nonsense", "nonsense"),
        ],
    )
    def test_a_role_that_cannot_be_used_is_refused_with_a_reason(
        self, settings: Any, dotted: str, sentence: str
    ) -> None:
        settings.PARALLAGON_ROLES = [*settings.PARALLAGON_ROLES, dotted]

        (error,) = checks.roles()

        assert error.id == "parallagon.E004"
        assert sentence in error.msg

    def test_a_prompt_that_is_missing_is_named(
        self, with_glossary: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Glossary, "prompts", tmp_path)

        english, french = checks.roles()

        assert str(tmp_path / "en" / "glossary.md") in english.msg
        assert "fr" in french.msg


class TestANewRole:
    def test_joins_the_missions_that_exist_stopped(
        self, team: Team, request: pytest.FixtureRequest
    ) -> None:
        team.start("production")
        assert reconcile() == (0, 0)
        request.getfixturevalue("with_glossary")

        assert reconcile() == (1, 0)

        assert states(team)["glossary"] == "STOPPED"
        assert states(team)["production"] == "IDLE"
        assert reconcile() == (0, 0)

    def test_is_there_once_the_mission_is_started(self, team: Team, with_glossary: None) -> None:
        StartMission(mission=team.mission, now=team.clock()).execute()

        assert states(team)["glossary"] == "IDLE"

    def test_is_told_by_the_api(self, team: Team, with_glossary: None) -> None:
        reconcile()

        url = f"/api/v1/agents/?mission={team.mission.pk}"
        found = browser(team.owner).get(url, headers={"accept-language": "fr"})

        told = {agent["role"]: agent for agent in found.json()["results"]}
        assert told["glossary"]["is_available"]
        assert (told["glossary"]["writes"], told["glossary"]["interval"]) == (["glossary.md"], 60)

    @pytest.mark.engine
    @pytest.mark.xdist_group("engine")
    def test_runs_a_real_cycle_and_wakes_by_what_it_watches(
        self, team: Team, with_glossary: None, model: ScriptedModel
    ) -> None:
        reconcile()
        team.save("demande.md", "# Trucks\n\nEach GPS must answer within a second. GPS!\n")
        model.enqueue(f"I add an entry.\n\n{search_block('glossary.md', '', ENTRY)}")

        run = team.run("glossary")

        assert run.outcome == "changed", run.reason
        assert team.text("glossary.md") == ENTRY
        assert team.revisions("glossary.md")[-1].role == "glossary"
        message = model.calls[-1]["messages"][-1]["content"]
        assert "- abbreviation GPS: 2\n" in message
        assert "You keep `glossary.md`" in message
        assert states(team)["glossary"] == "SETTLED"
        team.save("suivi.md", "# Journal\n")
        assert states(team)["glossary"] == "SETTLED"
        team.save("demande.md", "# Trucks\n\nNo abbreviation.\n")
        assert states(team)["glossary"] == "IDLE"
        model.enqueue("Nothing to do.\n")
        assert team.run("glossary").outcome == "unchanged"


class TestARoleThatIsGone:
    @pytest.fixture
    def left(self, team: Team, settings: Any) -> Team:
        """A mission whose glossary agent is at large while its role is no longer there."""
        roles = settings.PARALLAGON_ROLES
        settings.PARALLAGON_ROLES = [*roles, "examples.glossary.Glossary"]
        reconcile()
        StartAgent(agent=team.agent("glossary"), now=team.clock()).execute()
        settings.PARALLAGON_ROLES = roles
        assert registry.find("glossary") is None
        return team

    def test_is_told_as_unavailable(self, left: Team) -> None:
        http = browser(left.owner)

        listed = http.get(f"/api/v1/agents/?mission={left.mission.pk}").json()["results"]

        (agent,) = [one for one in listed if one["role"] == "glossary"]
        assert (agent["is_available"], agent["name"], agent["writes"]) == (False, "glossary", [])
        assert http.get(f"/api/v1/agents/{agent['id']}/").status_code == 200
        assert http.post(f"/api/v1/agents/{agent['id']}/start").status_code == 409
        assert http.post(f"/api/v1/agents/{agent['id']}/stop").status_code == 200

    def test_stops_and_keeps_what_it_did(self, left: Team) -> None:
        assert reconcile() == (0, 1)

        agent = left.agent("glossary")
        assert agent.state == "STOPPED"
        assert agent.reason == "this installation no longer has its role"
        assert reconcile() == (0, 0)

    def test_leaves_alone_what_another_worker_has_just_moved(
        self, left: Team, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def late(*mission_ids: int) -> Any:
            Agent.objects.filter(role="glossary").update(state="STOPPED")
            return turn(*mission_ids)

        monkeypatch.setattr("agents.services.reconcile.turn", late)

        assert reconcile() == (0, 0)

    def test_is_never_due_and_never_woken(self, left: Team) -> None:
        assert not agents_due(now=left.clock()).filter(role="glossary").exists()
        left.save("demande.md", "# Another\n")
        assert Dispatch(now=left.clock()).execute() == []

    def test_keeps_nobody_from_working(self, left: Team) -> None:
        StartMission(mission=left.mission, now=left.clock()).execute()

        assert states(left)["production"] == "IDLE"
        assert activities([left.mission.pk])
        assert SettleMission(mission=left.mission, now=left.clock()).execute() is False
        assert team_of(left.agent("management"))
        with pytest.raises(Conflict, match="no longer has the role “glossary”"):
            RunAgent(agent=left.agent("glossary"), now=left.clock()).execute()

    def test_ends_a_run_that_was_queued(self, left: Team) -> None:
        run = queue_run(left.agent("glossary"), trigger="schedule", reason="due", now=left.clock())

        ended = left.carry_out(run.pk)

        assert (ended.state, ended.outcome) == (AgentRun.State.FINISHED, "cancelled")
        assert ended.reason == "this installation no longer has its role"
        assert left.agent("glossary").state == "STOPPED"
