"""Changes by agents gather where runs cost money; a person's and free runs do not wait."""

from datetime import timedelta
from typing import Any

import pytest

from agents.models import Agent, AgentRun
from agents.scheduling import DEBOUNCE, GATHER
from agents.services import Dispatch
from missions.models import Mission
from tests.agents.factories import NOW
from tests.agents.players import Players
from tests.factories import make_mission

ROLES = ("specifications", "production", "evaluation", "suivi")


@pytest.fixture
def players(transactional_db: None, settings: Any, tmp_path: Any) -> Players:
    """Agents of whom nobody is due within a day."""
    settings.DATA_DIR = tmp_path / "data"
    files = {"specifications.md": "", "production.md": "", "evaluation.md": "", "suivi.md": ""}
    mission = make_mission(files=files, model="openai/dear")
    for role in ROLES:
        Agent.objects.create(mission=mission, role=role, interval=20, state_changed_at=NOW)
    players = Players(mission)
    Agent.objects.update(next_run_at=NOW + timedelta(days=1))
    return players


class TestGathering:
    def test_several_changes_within_seconds_make_one_run(self, players: Players):
        players.write("specifications", "specifications.md", "# S\n")
        first = players.now
        players.now -= timedelta(seconds=8)
        players.write("production", "production.md", "# P\n")  # two seconds later

        assert players.agent("suivi").next_run_at == first + GATHER
        Dispatch(now=first + GATHER).execute()
        assert AgentRun.objects.filter(agent__role="suivi").count() == 1

    def test_a_free_model_is_quick(self, players: Players):
        Mission.objects.update(model="offline/writer")
        players.mission.refresh_from_db()

        players.write("specifications", "specifications.md", "# S\n")

        assert players.agent("suivi").next_run_at == players.now

    def test_a_person_waits_for_the_debounce_only(self, players: Players):
        players.save("specifications.md", "# Mine\n")

        assert players.agent("production").next_run_at == players.now + DEBOUNCE

    def test_what_agents_change_during_a_run_gathers_too(self, players: Players):
        run = players.begin("suivi")
        players.write("specifications", "specifications.md", "# S\n")

        players.finish(run, "unchanged", "")

        assert players.agent("suivi").next_run_at == players.now + GATHER

    def test_what_a_person_changes_during_a_run_does_not(self, players: Players):
        run = players.begin("suivi")
        players.save("specifications.md", "# Mine\n")

        players.finish(run, "unchanged", "")

        assert players.agent("suivi").next_run_at == players.now
