"""Who is woken by whose change, and when a team comes to rest."""

from datetime import timedelta

import pytest
from django.utils import translation

from agents.models import Agent, AgentRun
from agents.services import Dispatch, SetModel, StartMission, StopAgent
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

ALL = {"specifications", "production", "management", "evaluation", "suivi", "duplication"}


@pytest.fixture
def waiting(team: Team) -> Team:
    """A team of which everyone is started and nobody is due within a day."""
    team.start(*sorted(ALL))
    return team


def woken(team: Team) -> set[str]:
    """Return who would look within ten seconds."""
    soon = team.clock() + timedelta(seconds=10)
    due = Agent.objects.filter(mission=team.mission, state="IDLE", next_run_at__lte=soon)
    return set(due.values_list("role", flat=True))


def settle(team: Team) -> None:
    """Let everyone look until nobody has anything to do; the model changes nothing."""
    StartMission(mission=team.mission, now=team.clock()).execute()
    Agent.objects.filter(mission=team.mission).update(next_run_at=team.clock())
    for run_id in Dispatch(now=team.clock()).execute():
        team.carry_out(run_id)
    assert states(team) == {"SETTLED"}


def states(team: Team) -> set[str]:
    return set(Agent.objects.filter(mission=team.mission).values_list("state", flat=True))


class TestWords:
    def test_reasons_are_in_the_language_of_the_mission_whoever_acts(self, waiting: Team):
        with translation.override("fr"):
            StopAgent(agent=waiting.agent("suivi"), now=waiting.clock()).execute()
            waiting.save("demande.md", "# Another request\n")

        assert waiting.agent("suivi").reason == "stopped"
        assert waiting.agent("specifications").reason == "demande.md has changed"


class TestWake:
    @pytest.mark.parametrize(
        ("path", "watchers"),
        [
            ("demande.md", {"specifications", "management", "suivi"}),
            ("specifications.md", {"specifications", "production", "management", "evaluation",
                                   "duplication", "suivi"}),
            ("suivi.md", {"suivi"}),
            ("duplication.md", {"duplication", "suivi"}),
        ],
    )  # fmt: skip
    def test_a_persons_change_brings_watchers_and_the_owner_forward(
        self, waiting: Team, path: str, watchers: set[str]
    ):
        waiting.save(path, "# New\n")

        assert woken(waiting) == watchers

    def test_an_agents_change_wakes_its_watchers_but_not_itself(
        self, waiting: Team, model: ScriptedModel
    ):
        model.enqueue(search_block("production.md", "# Production\n", "# Written\n"))

        run = waiting.run("production")

        assert run.outcome == "changed"
        assert woken(waiting) == {"management", "evaluation", "duplication", "suivi"}

    def test_what_suivi_writes_wakes_nobody(self, waiting: Team, model: ScriptedModel):
        model.enqueue(search_block("suivi.md", "", "An entry.\n"))

        run = waiting.run("suivi")

        assert run.outcome == "changed", run.reason
        assert woken(waiting) == set()

    def test_the_next_look_says_what_brought_it_about(self, waiting: Team):
        waiting.save("demande.md", "# New\n")

        agent = waiting.agent("specifications")
        assert "demande.md" in agent.reason
        assert agent.next_trigger == AgentRun.Trigger.CHANGE
        told = [event for event in waiting.events("agent.changed") if event["agent"] == agent.pk]
        assert told[-1]["next_run_at"] == waiting.next_look("specifications").isoformat()

    def test_a_stopped_agent_sleeps_on(self, team: Team):
        team.save("demande.md", "# New\n")

        assert states(team) == {"STOPPED"}


class TestChangesDuringARun:
    def test_make_the_agent_look_again_at_once(self, waiting: Team, model: ScriptedModel):
        reply = model.enqueue("Nothing ", "to do.", hold=True)
        with waiting.running("production") as background:
            assert model.is_answering.wait(10)
            waiting.save("specifications.md", "# Others were here\n")
            assert waiting.agent("production").is_dirty
            reply.may_finish.set()

        run = background.join()
        agent = waiting.agent("production")
        assert run.outcome == "unchanged"
        assert agent.state == Agent.State.IDLE
        assert agent.next_run_at == run.finished_at
        assert not agent.is_dirty
        assert waiting.run("production").outcome == "unchanged"  # not skipped: it saw less


class TestSettled:
    def test_when_everyone_has_looked_and_nobody_has_anything_to_do(
        self, team: Team, model: ScriptedModel
    ):
        settle(team)

        [told] = [e for e in team.events("mission.changed") if e.get("activity") == "settled"]
        assert told["title"] == "Words"
        assert not Agent.objects.exclude(next_run_at=None).exists()
        assert len(model.calls) == 6

    def test_costs_nothing_however_long(self, team: Team, model: ScriptedModel):
        settle(team)

        team.offset += timedelta(days=30)

        assert Dispatch(now=team.clock()).execute() == []

    def test_an_edit_wakes_exactly_those_who_watch_the_file(self, team: Team):
        settle(team)

        team.save("demande.md", "# New\n")

        assert woken(team) == {"specifications", "management", "suivi"}
        resting = Agent.objects.filter(state="SETTLED").values_list("role", flat=True)
        assert set(resting) == ALL - {"specifications", "management", "suivi"}

    def test_comes_again_when_those_have_looked(self, team: Team):
        settle(team)
        team.save("demande.md", "# New\n")
        team.offset += timedelta(seconds=10)

        run_ids = Dispatch(now=team.clock()).execute()
        for run_id in run_ids:
            team.carry_out(run_id)

        assert len(run_ids) == 3
        assert states(team) == {"SETTLED"}

    def test_not_while_one_backs_off(self, team: Team, model: ScriptedModel):
        team.start("production", "suivi")
        team.run("suivi")
        model.enqueue("odd", status=400)

        team.run("production")

        assert states(team) == {"BACKING_OFF", "IDLE", "STOPPED"}

    def test_another_model_wakes_the_agent_that_got_it(self, team: Team):
        settle(team)

        SetModel(agent=team.agent("suivi"), model="openai/another", now=team.clock()).execute()

        assert woken(team) == {"suivi"}
