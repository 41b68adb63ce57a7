"""Runs that must end: by the clock, by a person, by the day's ceiling."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.models import Agent, AgentRun, ModelCall
from agents.services import CancelRun, Dispatch, StopAgent
from missions.models import Lease
from tests.agents.cycle_runs import Team, duration, private_folder, sent_again_at
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "# Production\n", "# Written\n")


class TestTimeLimit:
    def test_ends_a_run_that_takes_too_long(self, team: Team, model: ScriptedModel, settings: Any):
        settings.PARALLAGON_RUN_SECONDS = 1
        model.enqueue("I think ", EDIT, hold=True)
        before = team.on_disk()

        run = team.run("production")

        assert run.outcome == "timed_out", run.reason
        assert "more than 1 s" in run.reason
        assert team.on_disk() == before
        assert duration(run) < timedelta(seconds=5)
        assert ModelCall.objects.filter(run=run).count() == 1, "what it cost is charged"
        assert team.agent("production").state == Agent.State.BACKING_OFF


class TestCancel:
    def test_ends_a_run_at_work_within_two_seconds(self, team: Team, model: ScriptedModel):
        model.enqueue("I think ", EDIT, hold=True)
        before = team.on_disk()
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            run = AgentRun.objects.get(pk=background.run_id)
            asked_at = time.monotonic()
            CancelRun(run=run, now=team.clock()).execute()
            run = background.join()

        assert time.monotonic() - asked_at < 2
        assert (run.outcome, run.reason) == ("cancelled", "cancelled by a person")
        assert team.on_disk() == before
        assert not private_folder(run.pk).exists()
        assert not Lease.objects.filter(released_at=None).exists()
        assert ModelCall.objects.filter(run=run).count() == 1

    def test_the_agent_does_not_begin_again_at_once(self, team: Team, model: ScriptedModel):
        team.start("suivi")
        model.enqueue("I think ", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            run = AgentRun.objects.get(pk=background.run_id)
            CancelRun(run=run, now=team.clock()).execute()
            background.join()

        assert team.agent("production").state == Agent.State.IDLE
        assert team.next_look("production") - team.clock() > timedelta(minutes=4)

    def test_ends_a_queued_run_at_once(self, team: Team, model: ScriptedModel):
        run_id = team.queue("production")

        CancelRun(run=AgentRun.objects.get(pk=run_id), now=team.clock()).execute()

        run = team.carry_out(run_id)
        assert (run.state, run.outcome) == ("FINISHED", "cancelled")
        assert model.calls == []
        [told] = team.events("run.finished")
        assert (told["run"], told["outcome"]) == (str(run_id), "cancelled")

    def test_an_agent_whose_queued_run_is_cancelled_looks_again_later(self, team: Team):
        run_id = team.queue("production")

        CancelRun(run=AgentRun.objects.get(pk=run_id), now=team.clock()).execute()

        assert team.agent("production").state == Agent.State.IDLE
        assert team.next_look("production") > team.clock()

    def test_a_stopped_agent_whose_asked_run_is_cancelled_stays_stopped(self, team: Team):
        run_id = team.ask("production")

        CancelRun(run=AgentRun.objects.get(pk=run_id), now=team.clock()).execute()

        assert team.agent("production").state == Agent.State.STOPPED
        assert not team.agent("production").is_stopping


class TestStop:
    def test_lets_a_run_at_work_finish_and_starts_no_other(self, team: Team, model: ScriptedModel):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            StopAgent(agent=team.agent("production"), now=team.clock()).execute()
            reply.may_finish.set()

        assert background.join().outcome == "changed"
        assert team.agent("production").state == Agent.State.STOPPED

    def test_a_dropped_run_is_told(self, team: Team):
        run_id = team.queue("production")

        StopAgent(agent=team.agent("production"), now=team.clock()).execute()

        [told] = team.events("run.finished")
        assert (told["run"], told["outcome"]) == (str(run_id), "cancelled")
        assert team.agent("production").state == Agent.State.STOPPED


class TestCeilingOfTheDay:
    def test_stops_before_a_call_and_pauses_till_midnight(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_MISSION_DAY_CALLS = 1
        assert team.run("production").outcome == "unchanged"

        run = team.carry_out(team.ask("production"))

        assert run.outcome == "stopped_budget"
        assert "PARALLAGON_MISSION_DAY_CALLS" in run.reason
        assert len(model.calls) == 1
        agent = team.agent("production")
        midnight = datetime.combine(
            team.clock().date() + timedelta(days=1), datetime.min.time(), UTC
        )
        assert (agent.state, agent.next_run_at) == (Agent.State.PAUSED_BUDGET, midnight)

    def test_the_offline_writer_has_no_day_to_use_up(self, team: Team, settings: Any):
        settings.PARALLAGON_MISSION_DAY_CALLS = 0
        team.agent("production")
        Agent.objects.filter(role="production").update(model="offline/writer")

        assert team.run("production").outcome in {"changed", "unchanged"}

    def test_a_new_day_begins_anew(self, team: Team, settings: Any):
        settings.PARALLAGON_MISSION_DAY_CALLS = 0
        team.run("production")
        settings.PARALLAGON_MISSION_DAY_CALLS = 1
        team.offset += timedelta(days=1)

        [run_id] = Dispatch(now=team.clock()).execute()

        assert team.carry_out(run_id).outcome == "unchanged"

    def test_a_change_does_not_wake_who_is_paused(self, team: Team, settings: Any):
        settings.PARALLAGON_MISSION_DAY_CALLS = 0
        team.run("production")

        team.save("specifications.md", "# New\n")

        assert team.agent("production").state == Agent.State.PAUSED_BUDGET

    def test_crossed_in_the_middle_of_a_reply_ends_the_run(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_MISSION_DAY_TOKENS = 500
        pieces = ["word " * 200] * 20
        model.enqueue(*pieces, EDIT, hold=True)
        before = team.on_disk()

        run = team.run("production")

        assert run.outcome == "stopped_budget", run.reason
        assert "output tokens" in run.reason
        assert team.on_disk() == before
        assert 500 <= (run.output_tokens or 0) < 6000
        assert team.agent("production").state == Agent.State.PAUSED_BUDGET

    def test_holds_for_runs_of_one_mission_together(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_MISSION_DAY_CALLS = 1
        reply = model.enqueue("I think ", "long.\n", hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            waiting = team.run("evaluation")
            reply.may_finish.set()

        assert background.join().outcome == "unchanged"
        assert (waiting.state, waiting.call_count) == ("QUEUED", 0)
        assert sent_again_at(waiting) > team.clock() - timedelta(seconds=30)
        other = team.carry_out(waiting.pk)
        assert other.outcome == "stopped_budget", other.reason
        assert len(model.calls) == 1


class TestCallsOfOneRun:
    def test_a_run_that_asks_and_asks_fails_but_does_not_pause_the_day(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_RUN_CALLS = 2
        model.default = search_block("production.md", "absent\n", "new\n")

        run = team.run("production")

        assert run.outcome == "failed", run.reason
        assert "2 model calls" in run.reason
        assert len(model.calls) == 2
        assert team.agent("production").state == Agent.State.BACKING_OFF
