"""Missions that begin, begin anew, or are put away, with agents at work in them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Agent
from missions.services import ArchiveMission, CreateMission, ResetMission
from parallagon.accounts.models import User
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "# Production\n", "# Written\n")


def reset(team: Team) -> None:
    ResetMission(mission=team.mission, user=team.owner, now=team.clock()).execute()


class TestNewMission:
    @pytest.mark.parametrize(("start", "state"), [(True, "IDLE"), (False, "STOPPED")])
    def test_starts_its_team_when_asked_to(
        self, owner: User, private_data: object, start: bool, state: str
    ):
        mission = CreateMission(
            owner=owner, title="T", request="It must.\n", language="fr", model="offline/writer",
            start=start, now=timezone.now(),
        ).execute()  # fmt: skip

        agents = Agent.objects.filter(mission=mission)
        assert {agent.state for agent in agents} == {state}
        assert agents.count() == 6


class TestReset:
    def test_ends_a_run_at_work_and_lands_nothing_of_it(self, team: Team, model: ScriptedModel):
        model.enqueue("I think ", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            reset(team)

        assert background.join().outcome == "cancelled"
        assert "# Written" not in team.text("production.md")

    def test_lets_the_agent_whose_run_it_ended_look_again_soon(
        self, team: Team, model: ScriptedModel
    ):
        team.start("suivi")
        team.put("evaluation.md", "# Old\n")
        model.enqueue("I think ", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            reset(team)
            background.join()

        assert team.next_look("production") - team.clock() < timedelta(seconds=30)

    def test_lets_a_queued_run_see_the_first_files(self, team: Team, model: ScriptedModel):
        team.put("specifications.md", "# Mine\n")
        run_id = team.queue("production")
        reset(team)

        run = team.carry_out(run_id)

        assert run.outcome == "unchanged", run.reason
        assert "# Mine" not in model.prompts()

    def test_lets_everyone_look_again_who_had_seen_everything(self, team: Team):
        team.start("suivi")
        assert team.run("production").outcome == "unchanged"
        assert team.run("production").outcome == "skipped"

        reset(team)

        assert team.run("production").outcome == "unchanged"


class TestArchive:
    def test_stops_the_team_and_ends_what_is_at_work(self, team: Team, model: ScriptedModel):
        queued = team.queue("evaluation")
        model.enqueue("I think ", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            ArchiveMission(
                mission=team.mission, user=team.mission.owner, now=team.clock()
            ).execute()

        assert background.join().outcome == "cancelled"
        assert team.carry_out(queued).outcome == "cancelled"
        assert "# Written" not in team.text("production.md")
        agents = Agent.objects.filter(mission=team.mission)
        assert {agent.state for agent in agents} == {"STOPPED"}
