"""A worker that stops hands its runs back; another one does them."""

from dataclasses import replace

import pytest

from agents.models import Agent, AgentRun, ModelCall
from agents.services import HandBackRun
from missions.models import Lease
from parallagon.core.errors import Conflict
from tests.agents.cycle_runs import Team, private_folder
from tests.aider.aider_model import ScriptedModel, search_block

EDIT = search_block("production.md", "# Production\n", "# Written\n")


@pytest.fixture
def stopping(team: Team) -> Team:
    """A team whose worker can be told to stop, alone."""
    team.workshop = replace(team.workshop)
    team.workshop.closing.clear()
    return team


def hand_back(team: Team, model: ScriptedModel) -> AgentRun:
    """Let the worker stop in the middle of a reply; return the run as it ended."""
    model.enqueue("I think ", EDIT, hold=True)
    with team.running("production") as background:
        assert model.is_answering.wait(10)
        team.workshop.closing.set()
        run = background.join()
    team.workshop.closing.clear()
    return run


class TestHandBack:
    def test_ends_the_run_and_queues_another(self, stopping: Team, model: ScriptedModel) -> None:
        before = stopping.on_disk()

        run = hand_back(stopping, model)

        assert (run.state, run.outcome) == ("FINISHED", "cancelled")
        assert run.reason == "its worker is stopping"
        again = AgentRun.objects.get(state="QUEUED")
        assert (again.agent_id, again.trigger) == (run.agent_id, run.trigger)
        assert stopping.agent("production").state == Agent.State.QUEUED
        assert stopping.on_disk() == before
        assert not private_folder(run.pk).exists()
        assert not Lease.objects.filter(released_at=None).exists()
        assert ModelCall.objects.filter(run=run).count() == 1, "it is charged"

    def test_another_worker_does_it(self, stopping: Team, model: ScriptedModel) -> None:
        hand_back(stopping, model)
        model.enqueue("I write.\n", EDIT)

        run = stopping.carry_out(AgentRun.objects.get(state="QUEUED").pk)

        assert run.outcome == "changed", run.reason
        assert stopping.number("production.md") == 2

    def test_a_run_that_has_ended_is_left_alone(self, team: Team, model: ScriptedModel) -> None:
        model.enqueue("I write.\n", EDIT)
        run = team.run("production")

        with pytest.raises(Conflict):
            HandBackRun(run=run, reason="stops", calls=(), now=team.clock()).execute()

        assert not AgentRun.objects.filter(state="QUEUED").exists()


class TestOfAStoppedAgent:
    def test_what_a_person_asked_for_is_still_owed(
        self, stopping: Team, model: ScriptedModel
    ) -> None:
        run = AgentRun.objects.get(pk=stopping.ask("production"))

        again = HandBackRun(run=run, reason="stops", calls=(), now=stopping.clock()).execute()

        assert again
        assert (again.trigger, again.state) == ("person", "QUEUED")
        agent = stopping.agent("production")
        assert (agent.state, agent.is_stopping) == (Agent.State.QUEUED, True)
