"""What a person tells an agent: instructions, and that its results wait for a decision."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from agents.models import Agent, AgentRun, Instruction
from agents.services import (
    ChangeInstruction,
    ConfigureAgent,
    LeaveInstruction,
    SetPrompt,
    WithdrawInstruction,
)
from missions.models import Proposal
from missions.services import AcceptProposal, RejectProposal
from tests.agents.cycle_runs import Team, private_folder
from tests.agents.factories import browser
from tests.aider.aider_model import ScriptedModel, search_block
from tests.aider.aider_runs import children
from tests.waiting import wait_until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "# Production\n", "# Written\n")


def tell(team: Team, text: str) -> Instruction:
    """Leave an instruction for production as the person would."""
    return LeaveInstruction(
        agent=team.agent("production"), text=text, author=team.owner, now=team.clock()
    ).execute()


def set_mode(team: Team, mode: Agent.Mode) -> None:
    agent = team.agent("production")
    ConfigureAgent(agent=agent, mode=mode, shortest=None, longest=None, now=team.clock()).execute()


@pytest.fixture
def looked(team: Team) -> Team:
    """A team whose production agent has looked at everything there is; another one is not done."""
    team.start("suivi")
    team.run("production")
    return team


class TestInstructions:
    def test_wakes_the_agent_and_is_shown_once(self, looked: Team, model: ScriptedModel):
        instruction = tell(looked, "Write in verse.\n## Files\n- write `x`")
        assert looked.next_look("production") <= looked.clock()

        run = looked.run("production")

        assert run.outcome == "unchanged"
        assert "## Instructions\n\n> Write in verse.\n> ## Files\n> - write `x`\n" in str(
            model.calls[-1]["messages"][-1]["content"]
        )
        instruction.refresh_from_db()
        assert (instruction.run_id, instruction.read_at is None) == (run.pk, False)
        assert looked.run("production").outcome == "skipped", "reading it is no news"
        looked.carry_out(looked.ask("production"))
        assert "Write in verse." not in str(model.calls[-1])

    def test_is_read_in_the_transaction_that_lands_the_result(
        self, looked: Team, model: ScriptedModel
    ):
        instruction = tell(looked, "Write.")
        model.enqueue("I write.\n", EDIT)

        run = looked.run("production")

        instruction.refresh_from_db()
        assert (run.outcome, instruction.read_at) == ("changed", run.finished_at)

    def test_a_run_that_failed_has_not_read_it(self, looked: Team, model: ScriptedModel):
        instruction = tell(looked, "Write in verse.")
        model.enqueue("no such key", status=401)
        failed = looked.run("production")
        instruction.refresh_from_db()
        assert (failed.outcome, instruction.read_at) == ("failed", None)

        run = looked.run("production")

        instruction.refresh_from_db()
        assert (run.outcome, instruction.run_id) == ("unchanged", run.pk)
        assert "Write in verse." in str(model.calls[-1])

    def test_changed_during_a_run_is_shown_to_the_next(self, looked: Team, model: ScriptedModel):
        instruction = tell(looked, "Write in verse.")
        model.is_answering.clear()
        reply = model.enqueue("I think ", "long.\n", hold=True)
        with looked.running("production") as background:
            assert model.is_answering.wait(10)
            instruction.refresh_from_db()
            ChangeInstruction(
                instruction=instruction, text="Write in prose.", now=looked.clock()
            ).execute()
            reply.may_finish.set()
        background.join()
        instruction.refresh_from_db()
        assert instruction.read_at is None

        run = looked.run("production")

        instruction.refresh_from_db()
        assert (run.outcome, instruction.run_id) == ("unchanged", run.pk)
        assert "Write in prose." in str(model.calls[-1])
        assert "Write in verse." not in str(model.calls[-1])

    def test_taken_back_in_time_costs_nothing(self, looked: Team, model: ScriptedModel):
        calls = len(model.calls)
        WithdrawInstruction(instruction=tell(looked, "Write."), now=looked.clock()).execute()

        assert looked.run("production").outcome == "skipped"
        assert len(model.calls) == calls

    def test_left_during_a_run_is_for_the_next(self, looked: Team, model: ScriptedModel):
        looked.put("evaluation.md", "R1 is not covered.\n")
        model.is_answering.clear()
        reply = model.enqueue("I think ", "long.\n", hold=True)
        with looked.running("production") as background:
            assert model.is_answering.wait(10)
            instruction = tell(looked, "Write in verse.")
            reply.may_finish.set()
        background.join()
        assert looked.next_look("production") <= looked.clock()

        run = looked.run("production")

        instruction.refresh_from_db()
        assert (instruction.run_id, instruction.read_at) == (run.pk, run.finished_at)

    def test_does_not_start_an_agent_that_is_stopped(self, team: Team):
        tell(team, "Write.")

        agent = team.agent("production")
        assert (agent.state, agent.next_run_at) == (Agent.State.STOPPED, None)


class TestReview:
    @pytest.fixture
    def proposing(self, team: Team, model: ScriptedModel) -> Team:
        """A team whose production agent works in review mode and has proposed something."""
        set_mode(team, Agent.Mode.REVIEW)
        model.enqueue("I write.\n", EDIT)
        assert team.run("production").outcome == "proposed"
        return team

    def test_a_result_waits_for_a_person(self, proposing: Team):
        proposal = Proposal.objects.get()

        assert (proposal.reason, proposal.state) == (Proposal.Reason.REVIEW, Proposal.State.OPEN)
        assert "# Written" not in proposing.text("production.md")

    def test_the_agent_waits_at_no_cost_and_lets_the_mission_rest(
        self, proposing: Team, model: ScriptedModel
    ):
        calls, forks = len(model.calls), proposing.workshop.engine.health().forks
        proposing.put("specifications.md", "## R1 Counting\n\n> The tool must count words.\n")

        run = proposing.run("production")

        assert (run.outcome, len(model.calls)) == ("skipped", calls)
        assert proposing.workshop.engine.health().forks == forks
        agent = proposing.agent("production")
        assert (agent.state, agent.reason) == (
            Agent.State.SETTLED,
            "it waits for your decision about what it proposes",
        )

    def test_looks_at_what_happened_meanwhile_once_somebody_has_decided(
        self, proposing: Team, model: ScriptedModel
    ):
        proposing.put("specifications.md", "## R1 Counting\n\n> The tool must count words.\n")
        proposing.run("production")
        proposal = Proposal.objects.get()

        AcceptProposal(proposal=proposal, user=proposing.owner, now=proposing.clock()).execute()

        assert "# Written" in proposing.text("production.md")
        assert proposing.next_look("production") <= proposing.clock()
        assert proposing.run("production").outcome == "unchanged"
        assert proposing.agent("production").state == Agent.State.SETTLED

    def test_does_not_propose_again_what_was_rejected(self, proposing: Team, model: ScriptedModel):
        calls = len(model.calls)
        proposal = Proposal.objects.get()
        RejectProposal(proposal=proposal, user=proposing.owner, now=proposing.clock()).execute()

        assert proposing.run("production").outcome == "skipped"
        assert len(model.calls) == calls

    def test_an_instruction_makes_it_try_again(self, proposing: Team, model: ScriptedModel):
        older = Proposal.objects.get()
        tell(proposing, "Shorter.")
        model.enqueue(search_block("production.md", "# Production\n", "# W\n"))

        assert proposing.run("production").outcome == "proposed"

        older.refresh_from_db()
        assert older.state == Proposal.State.SUPERSEDED
        assert Proposal.objects.filter(state=Proposal.State.OPEN).count() == 1
        assert proposing.agent("production").state == Agent.State.SETTLED

    def test_so_does_a_person_who_asks(self, proposing: Team, model: ScriptedModel):
        calls = len(model.calls)

        assert proposing.carry_out(proposing.ask("production")).outcome == "unchanged"
        assert len(model.calls) == calls + 1

    def test_chosen_during_a_run_holds_its_result_back(self, team: Team, model: ScriptedModel):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            set_mode(team, Agent.Mode.REVIEW)
            reply.may_finish.set()

        assert background.join().outcome == "proposed"

    def test_left_again_it_works_by_itself(self, proposing: Team, model: ScriptedModel):
        set_mode(proposing, Agent.Mode.AUTONOMOUS)
        model.enqueue("I write.\n", EDIT)

        assert proposing.carry_out(proposing.ask("production")).outcome == "changed"


class TestPace:
    def test_an_agents_own_intervals_bound_its_looks(self, looked: Team):
        ConfigureAgent(
            agent=looked.agent("production"),
            mode=Agent.Mode.AUTONOMOUS,
            shortest=30,
            longest=90,
            now=looked.clock(),
        ).execute()

        intervals = []
        for _ in range(3):
            looked.run("production")
            intervals.append(looked.agent("production").interval)

        assert intervals == [60, 90, 90]


class TestPrompt:
    def test_another_prompt_is_a_reason_to_look_and_is_what_the_model_gets(
        self, looked: Team, model: ScriptedModel
    ):
        SetPrompt(
            agent=looked.agent("production"),
            text="Write in verse.",
            author=looked.owner,
            now=looked.clock(),
        ).execute()
        assert looked.next_look("production") <= looked.clock()

        assert looked.run("production").outcome == "unchanged"
        assert "\n\nWrite in verse.\n\n## Facts" in str(model.calls[-1]["messages"][-1]["content"])
        assert looked.run("production").outcome == "skipped"


def child_of(team: Team, run_id: UUID) -> int:
    """Return the process of a run: the child of the engine that stands in the run's folder."""
    folder = str(private_folder(run_id).resolve())
    for pid in children(team.workshop.engine):
        if str(Path(f"/proc/{pid}/cwd").readlink()).startswith(folder):
            return pid
    raise LookupError(f"no process works on run {run_id}")


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


class TestCancel:
    """Over HTTP, with no broker anywhere: the worker reads the run's own column."""

    def test_ends_a_child_that_answers_nothing_within_two_seconds(
        self, team: Team, model: ScriptedModel
    ):
        team.start("suivi")
        model.enqueue("I think ", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            group = child_of(team, background.run_id)
            os.kill(group, signal.SIGSTOP)  # from now on it hears of no other signal but SIGKILL
            asked_at = time.monotonic()

            answer = browser(team.owner).post(
                f"/api/v1/agents/{team.agent('production').pk}/cancel"
            )

            wait_until(lambda: group_is_gone(group), seconds=10)
            gone_at = time.monotonic()
            run = background.join()

        assert answer.status_code == 200
        assert gone_at - asked_at < 2
        assert (run.state, run.outcome) == ("FINISHED", "cancelled")
        assert team.agent("production").state == Agent.State.IDLE
        assert team.next_look("production") - team.clock() > timedelta(minutes=4)

    def test_ends_every_run_of_a_mission(self, team: Team, model: ScriptedModel):
        model.enqueue("I think ", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            queued = team.queue("evaluation")

            answer = browser(team.owner).post(f"/api/v1/missions/{team.mission.pk}/cancel")

            run = background.join()
        assert answer.status_code == 200
        assert run.outcome == "cancelled"
        assert AgentRun.objects.get(pk=queued).outcome == "cancelled"
