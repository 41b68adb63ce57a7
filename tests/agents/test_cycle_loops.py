"""Two agents whose model makes them undo each other: whole cycles, until the breaker."""

from datetime import timedelta

import pytest

from agents.models import Agent
from agents.services import Dispatch
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

PAIR = {"production": ("One process.\n", "Many processes.\n"), "evaluation": ("Good.\n", "Bad.\n")}


@pytest.fixture
def players(team: Team) -> Team:
    """Two agents with a document each, of whom nobody is due by itself."""
    for role, (text, _other) in PAIR.items():
        team.put(f"{role}.md", f"# {role.title()}\n\n## Architecture\n\n{text}")
    team.start(*PAIR)
    return team


def play_round(team: Team, model: ScriptedModel, number: int) -> None:
    """Let each of the two, if it still may, write the other of its two texts."""
    for role, texts in PAIR.items():
        old, new = texts if number % 2 == 0 else reversed(texts)
        if team.agent(role).state == Agent.State.IDLE:
            model.enqueue(search_block(f"{role}.md", old, new))
            run = team.run(role)
            assert run.outcome == "changed", run.reason


class TestPingPong:
    def test_stops_within_three_rounds_and_calls_no_model_any_more(
        self, players: Team, model: ScriptedModel
    ):
        for number in range(3):
            play_round(players, model, number)

        states = {role: players.agent(role).state for role in PAIR}
        assert states == dict.fromkeys(PAIR, Agent.State.PAUSED_BREAKER)
        reason = players.agent("production").reason
        assert "Production" in reason
        assert "Evaluation" in reason
        assert "the section “Architecture” of production.md" in reason
        players.offset += timedelta(days=1)
        assert Dispatch(now=players.clock()).execute() == []
        assert len(model.calls) == 5
