"""Runs that meet: at a lease, at the write lock, at a person who is typing."""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from agents.models import Agent, AgentRun
from agents.services import Dispatch, ReapRun
from missions.leases import release_lease, take_lease
from missions.locks import RunLock, write_lock
from missions.models import Lease, Mission
from tests.agents.cycle_runs import Team, private_folder, sent_again_at
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "# Production\n", "# Written\n")


@pytest.fixture
def lease_of_another(team: Team) -> Lease:
    return take_lease(
        mission_id=team.mission.pk,
        role="visitor",
        run_id=uuid4(),
        patterns=["production/**"],
        now=team.clock(),
        ends_at=team.clock() + timedelta(minutes=10),
    )


class TestBusyLease:
    def test_puts_the_run_back_and_it_is_done_later(
        self, team: Team, model: ScriptedModel, lease_of_another: Lease
    ):
        model.enqueue(EDIT)
        run = team.run("production")
        assert (run.state, run.outcome) == ("QUEUED", "")
        assert sent_again_at(run) > team.clock()
        assert team.agent("production").state == Agent.State.QUEUED
        assert "leased" in team.agent("production").reason
        assert Dispatch(now=team.clock()).execute() == []

        release_lease(lease_of_another.run_id, now=team.clock())
        team.offset += timedelta(seconds=2)
        assert Dispatch(now=team.clock()).execute() == [run.pk]
        run = team.carry_out(run.pk)

        assert run.outcome == "changed", run.reason
        assert run.attempt == 1

    def test_waits_longer_each_time(self, team: Team, lease_of_another: Lease):
        run = team.run("production")
        waits = []
        for _ in range(4):
            team.offset += sent_again_at(run) - team.clock()
            run = team.carry_out(run.pk)
            waits.append(round((sent_again_at(run) - team.clock()).total_seconds()))

        assert waits == [2, 4, 8, 8]

    def test_holds_nothing_while_it_waits(self, team: Team, lease_of_another: Lease):
        run = team.run("production")

        assert not Lease.objects.filter(run_id=run.pk).exists()
        assert RunLock.is_free(run.pk)
        assert not private_folder(run.pk).exists()


class TestBusyWriteLock:
    def test_before_the_work_puts_the_run_back_and_it_does_not_wait_for_itself(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_LOCK_TIMEOUT = 0.05
        run_id = team.queue("production")
        with write_lock(team.mission.pk):
            run = team.carry_out(run_id)
        assert run.state == "QUEUED"
        assert model.calls == []

        team.offset += timedelta(seconds=2)
        model.enqueue(EDIT)

        run = team.carry_out(run_id)
        assert run.outcome == "changed", (run.state, run.agent.reason)

    def test_after_the_work_waits_rather_than_asking_the_model_again(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_LOCK_TIMEOUT = 0.05
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            with write_lock(team.mission.pk):
                reply.may_finish.set()
                time.sleep(0.5)

        assert background.join().outcome == "changed"
        assert len(model.calls) == 1


class TestLostLease:
    def test_a_run_that_was_ended_by_someone_else_lands_nothing(
        self, team: Team, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
    ):
        """As after a worker that slept: the reaper was there, and could not see the lock."""
        before = team.on_disk()
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            monkeypatch.setattr(RunLock, "is_free", staticmethod(lambda _run_id: True))
            run = AgentRun.objects.get(pk=background.run_id)
            assert ReapRun(run=run, now=team.clock()).execute()
            reply.may_finish.set()

        run = background.join()
        assert (run.outcome, len(team.events("run.finished"))) == ("failed", 1)
        assert "worker lost" in run.reason
        assert team.on_disk() == before

    def test_a_lease_that_was_taken_over_lands_nothing(self, team: Team, model: ScriptedModel):
        before = team.on_disk()
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            Lease.objects.filter(run_id=background.run_id).update(released_at=team.clock())
            reply.may_finish.set()

        run = background.join()
        assert run.outcome == "failed", run.reason
        assert "lease" in run.reason
        assert team.on_disk() == before


class TestTypingPerson:
    def test_is_left_alone_for_a_moment(self, team: Team, model: ScriptedModel, settings: Any):
        settings.PARALLAGON_QUIET_SECONDS = 5
        team.save("production.md", "# Mine\n\nA sentence.\n")

        run = team.run("production")

        assert run.state == "QUEUED"
        assert "a person is writing" in team.agent("production").reason
        assert timedelta(0) < sent_again_at(run) - team.clock() <= timedelta(seconds=5)
        assert model.calls == []

    def test_also_in_a_file_that_an_agent_with_a_paid_model_watches(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_QUIET_SECONDS = 5
        team.save("demande.md", "# Half a sen\n")

        run = team.run("specifications")

        assert run.state == "QUEUED"
        assert "that it watches" in team.agent("specifications").reason
        team.offset += timedelta(seconds=5)
        assert team.carry_out(run.pk).outcome == "unchanged"
        assert len(model.calls) == 1

    def test_but_not_by_one_that_costs_nothing(self, team: Team, settings: Any):
        settings.PARALLAGON_QUIET_SECONDS = 5
        Mission.objects.filter(pk=team.mission.pk).update(model="offline/writer")
        team.save("demande.md", "# Tool\n\nThe tool must count.\n")

        assert team.run("specifications").outcome == "changed"

    def test_but_not_when_the_run_was_asked_for(self, team: Team, settings: Any):
        settings.PARALLAGON_QUIET_SECONDS = 5
        team.save("production.md", "# Mine\n\nA sentence.\n")

        assert team.carry_out(team.ask("production")).outcome == "unchanged"

    def test_and_not_for_ever(self, team: Team, settings: Any):
        settings.PARALLAGON_QUIET_SECONDS = 5
        run_id = team.queue("production")
        team.offset += timedelta(seconds=61)
        team.save("production.md", "# Mine\n\nA sentence.\n")

        assert team.carry_out(run_id).outcome == "unchanged"
