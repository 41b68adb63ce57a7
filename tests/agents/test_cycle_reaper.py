"""Runs whose worker is slow, lives or died, and messages that were lost."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from kombu.exceptions import OperationalError

from agents import tasks
from agents.models import Agent, AgentRun
from agents.services import Dispatch, ReapRun
from agents.services.reap import LOOKED_KEY, may_have_slept, silent_runs
from missions.locks import RunLock
from tests.agents.cycle_runs import Team, private_folder
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "# Production\n", "# Written\n")


class TestALivingWorker:
    def test_is_left_alone_however_silent(self, team: Team, model: ScriptedModel):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            run = AgentRun.objects.get(pk=background.run_id)
            assert not ReapRun(run=run, now=team.clock() + timedelta(hours=1)).execute()
            reply.may_finish.set()

        assert background.join().outcome == "changed"

    def test_tells_that_it_lives(self, team: Team, model: ScriptedModel):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            before = AgentRun.objects.get(pk=background.run_id).heartbeat_at
            time.sleep(1.2)
            after = AgentRun.objects.get(pk=background.run_id).heartbeat_at
            reply.may_finish.set()

        assert before is not None
        assert after is not None
        assert after > before

    def test_leaves_no_lock_file_behind(self, team: Team, settings: Any):
        run = team.run("production")

        assert RunLock.is_free(run.pk)
        assert list((settings.DATA_DIR / "locks").glob("run-*")) == []


class TestADeadWorker:
    def test_is_found_by_the_task(self, team: Team):
        run_id = team.queue("production")
        Agent.objects.filter(pk=team.agent("production").pk).update(state="RUNNING")
        dead = AgentRun.objects.filter(pk=run_id)
        dead.update(state="RUNNING", heartbeat_at=team.clock() - timedelta(seconds=31))
        private_folder(run_id).mkdir(parents=True)

        tasks.reap()

        assert dead.get().outcome == "failed"
        assert "worker lost" in dead.get().reason
        assert team.agent("production").state == Agent.State.BACKING_OFF
        assert not private_folder(run_id).exists()

    def test_is_told_by_its_silence_alone_where_locks_prove_nothing(
        self, team: Team, settings: Any, monkeypatch: pytest.MonkeyPatch
    ):
        settings.PARALLAGON_LOCKS = "redis"
        monkeypatch.setattr(RunLock, "forget", staticmethod(lambda _run_id: True))
        run_id = team.queue("production")
        dead = AgentRun.objects.filter(pk=run_id)
        dead.update(state="RUNNING", heartbeat_at=team.clock() - timedelta(seconds=31))
        Agent.objects.filter(pk=team.agent("production").pk).update(state="RUNNING")

        assert not silent_runs(now=team.clock())
        assert [run.pk for run in silent_runs(now=team.clock() + timedelta(seconds=30))] == [run_id]
        assert ReapRun(run=dead.get(), now=team.clock() + timedelta(seconds=30)).execute()
        assert dead.get().outcome == "failed"


class TestAMachineThatSlept:
    def test_lets_a_living_worker_speak_before_its_silence_counts(self, team: Team, settings: Any):
        settings.PARALLAGON_LOCKS = "redis"
        cache.delete(LOOKED_KEY)
        now = team.clock()

        assert may_have_slept(now=now), "nobody knows how long nobody looked"
        assert not may_have_slept(now=now + timedelta(seconds=5))
        assert may_have_slept(now=now + timedelta(minutes=20))
        assert not may_have_slept(now=now + timedelta(minutes=20, seconds=5))

    def test_is_no_matter_where_locks_are_certain(self, team: Team):
        assert not may_have_slept(now=team.clock())


class TestTick:
    def test_sends_the_id_of_each_run_that_it_queued(
        self, team: Team, monkeypatch: pytest.MonkeyPatch
    ):
        sent: list[str] = []
        monkeypatch.setattr(tasks.execute_run, "delay", lambda *, run_id: sent.append(run_id))
        team.start("production", "evaluation")
        Agent.objects.exclude(state="STOPPED").update(next_run_at=team.clock())

        tasks.dispatch()

        queued = AgentRun.objects.filter(state="QUEUED").values_list("pk", flat=True)
        assert sorted(sent) == sorted(map(str, queued))
        assert len(sent) == 2

    def test_sends_again_what_the_broker_did_not_take(
        self, team: Team, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(**_options: object) -> None:
            raise OperationalError("the broker is down")

        monkeypatch.setattr(tasks.execute_run, "delay", refuse)
        team.start("production", "evaluation")
        Agent.objects.exclude(state="STOPPED").update(next_run_at=team.clock())
        tasks.dispatch()

        again = Dispatch(now=team.clock()).execute()

        assert len(again) == 2
        assert AgentRun.objects.count() == 2
