"""A day in the life of a mission that nobody touches, with the task that beat calls."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from agents import tasks
from agents.aider.engine import Engine
from agents.models import Agent, AgentRun, AgentTransition
from agents.services import Dispatch, StartMission
from missions.models import Event
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

STEP = timedelta(minutes=5)
"""A tick finds whatever came due since the one before it, so fewer ticks see no less."""


@pytest.fixture
def settled(team: Team) -> Team:
    """A team of which everyone has looked, and nobody has anything to do."""
    StartMission(mission=team.mission, now=team.clock()).execute()
    for run_id in Dispatch(now=team.clock()).execute():
        team.carry_out(run_id)
    assert set(Agent.objects.values_list("state", flat=True)) == {"SETTLED"}
    return team


@pytest.fixture
def sent(team: Team, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """What the dispatcher's task sends; it reads the clock of the team."""
    ids: list[UUID] = []
    monkeypatch.setattr(tasks, "send", ids.append)
    monkeypatch.setattr(tasks, "timezone", SimpleNamespace(now=team.clock))
    return ids


class TestADay:
    def test_costs_no_call_no_process_and_no_row(
        self, settled: Team, sent: list[UUID], model: ScriptedModel, engine: Engine
    ):
        tables = (AgentRun, AgentTransition, Event)
        before = (
            len(model.calls), engine.health().forks, [table.objects.count() for table in tables]
        )  # fmt: skip

        for _ in range(timedelta(days=1) // STEP):
            settled.offset += STEP
            tasks.dispatch()

        assert sent == []
        after = (
            len(model.calls), engine.health().forks, [table.objects.count() for table in tables]
        )  # fmt: skip
        assert after == before

    def test_ends_with_an_edit_which_wakes_exactly_those_who_watch(
        self, settled: Team, sent: list[UUID]
    ):
        settled.offset += timedelta(days=1)
        tasks.dispatch()
        settled.save("demande.md", "# Another request\n")

        settled.offset += timedelta(seconds=3)
        tasks.dispatch()

        roles = AgentRun.objects.filter(pk__in=sent).values_list("agent__role", flat=True)
        assert set(roles) == {"specifications", "management", "suivi"}
