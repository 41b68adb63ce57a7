"""The worker, its engine, its gateway: each killed in the middle of a run.

Nothing half-written, the run reaches its end with a reason, the agent is at work again.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from agents.models import Agent, AgentRun, ModelCall
from agents.services import Dispatch, ReapRun
from agents.services.reap import silent_runs
from agents.workshop import Workshop
from missions.locks import RunLock
from missions.models import LandingRecord, Lease
from missions.services import CreateMission
from tests.agents.cycle_runs import KEY, Team, private_folder
from tests.aider.aider_model import Reply, ScriptedModel, search_block
from tests.factories import make_user
from tests.faults.cycle_worker import Broker, Worker, is_there
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(180),
    # Its worker is at the tables while they are emptied between tests, a deadlock on PostgreSQL;
    # tests/faults/test_servers.py kills workers there.
    pytest.mark.skipif(connection.vendor != "sqlite", reason="one worker for all of its tests"),
]

EDIT = search_block("production.md", "# Production\n", "# Written\n")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data directory with a short name: a socket lies in it."""
    path = Path(tempfile.mkdtemp(prefix="parallagon-kill-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def place(folder: Path, model: ScriptedModel, django_db_setup: None) -> Iterator["Place"]:
    place = Place(folder, model)
    yield place
    place.close()


class Place:
    """A machine on which a worker runs, and another one when it is gone."""

    def __init__(self, folder: Path, model: ScriptedModel) -> None:
        self.folder, self.model = folder, model
        self.broker = Broker(folder)
        self.workers: list[Worker] = []
        self.held: list[Reply] = []

    def worker(self) -> Worker:
        """Return a worker that is alive; it takes up messages as soon as it is warm."""
        if not self.workers or not self.workers[-1].is_alive:
            self.workers.append(Worker(self.folder, self.broker, self.model.api_base, KEY))
        return self.workers[-1]

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.broker.close()


@pytest.fixture
def team(place: Place, transactional_db: None, settings: Any) -> Iterator[Team]:
    """A mission of which nobody is due, on the machine of the worker."""
    settings.DATA_DIR = place.folder
    owner = make_user()
    mission = CreateMission(
        owner=owner, title="Words", request="It must count.\n", language="en",
        model="openai/scripted", now=timezone.now(),
    ).execute()  # fmt: skip
    place.model.calls.clear()
    place.model.is_answering.clear()
    yield Team(mission=mission, owner=owner, workshop=cast("Workshop", None))
    for reply in place.held:
        reply.may_finish.set()


def begin(team: Team, place: Place) -> AgentRun:
    """Let a worker carry out a run up to the middle of the model's reply."""
    place.held.append(place.model.enqueue("I think so.\n\n", EDIT, hold=True))
    run_id = team.queue("production")
    place.worker().send(run_id)
    assert place.model.is_answering.wait(60), place.worker().said()
    return AgentRun.objects.get(pk=run_id)


def outcome(run_id: UUID, place: Place) -> AgentRun:
    """Wait for the end of a run."""
    finished = AgentRun.objects.filter(pk=run_id, state="FINISHED")
    wait_until(finished.exists, 60)
    return finished.get()


def assert_at_work_again(team: Team, place: Place) -> None:
    """Let the agent's next run change the file, through whatever worker there is now."""
    place.model.enqueue(EDIT)
    team.offset += timedelta(minutes=1)
    [run_id] = Dispatch(now=team.clock()).execute()
    place.worker().send(run_id)
    run = outcome(run_id, place)
    assert run.outcome == "changed", run.reason
    assert "# Written" in team.text("production.md")
    text = team.text("production.md").encode()
    # It has landed with its transaction; the file in the folder follows within milliseconds.
    wait_until(lambda: team.on_disk()["production.md"] == text)


def assert_charged_once(run: AgentRun) -> None:
    """Expect the call that was under way in the ledger, once, with what its question cost."""
    run.refresh_from_db()
    [call] = ModelCall.objects.filter(run=run)
    assert call.cost
    assert run.cost == call.cost


class TestEngineKilled:
    def test_the_run_fails_with_a_reason_and_the_next_one_works(self, team: Team, place: Place):
        before = team.on_disk()
        run = begin(team, place)
        engine = place.worker().child("agents.aider.server")
        at_work = engine.children()

        engine.kill()
        run = outcome(run.pk, place)

        assert (run.outcome, run.reason) == ("failed", "the engine process ended during the run")
        assert team.on_disk() == before
        assert_charged_once(run)
        wait_until(lambda: not any(map(is_there, at_work)))
        assert_at_work_again(team, place)


class TestGatewayKilled:
    def test_the_run_fails_with_a_reason_and_the_next_one_works(self, team: Team, place: Place):
        before = team.on_disk()
        run = begin(team, place)

        place.worker().child("agents.gateway.server").kill()
        run = outcome(run.pk, place)

        assert run.outcome == "failed"
        assert "the gateway restarted while the run was at work" in run.reason
        assert team.on_disk() == before
        assert_charged_once(run)
        assert_at_work_again(team, place)


class TestBrokerKilled:
    def test_the_worker_keeps_its_run_and_takes_new_ones(self, team: Team, place: Place):
        unacknowledged = place.broker.unacknowledged()
        run = begin(team, place)

        place.broker.kill()
        wait_until(lambda: "Connection to broker lost" in place.worker().said())
        place.broker.start()
        other = team.queue("evaluation")
        place.model.enqueue("Nothing to say.")
        place.worker().send(other)
        outcome(other, place)
        still = AgentRun.objects.get(pk=run.pk)
        place.held[-1].may_finish.set()
        run = outcome(run.pk, place)

        assert still.finished_at is None, "the other run did not wait for this one"
        assert run.outcome == "changed", run.reason
        assert "Unrecoverable error" not in place.worker().said()
        assert "Couldn't ack" not in place.worker().said()
        wait_until(lambda: place.broker.unacknowledged() <= unacknowledged)


class TestWorkerKilled:
    def test_the_reaper_ends_the_run_and_another_worker_goes_on(self, team: Team, place: Place):
        before = team.on_disk()
        run = begin(team, place)
        family = place.worker().family()
        assert len(family) >= 3, "engine, gateway and a child at work"

        place.worker().kill()

        wait_until(lambda: not any(map(is_there, family)), 10)
        assert RunLock.is_free(run.pk)
        assert silent_runs(now=team.clock()) == [], "it was heard of a moment ago"
        later = team.clock() + timedelta(seconds=40)
        assert silent_runs(now=later) == [run]
        assert ReapRun(run=run, now=later).execute()

        run = AgentRun.objects.get(pk=run.pk)
        assert (run.state, run.outcome) == ("FINISHED", "failed")
        assert run.reason.startswith("worker lost")
        assert_charged_once(run)
        assert not Lease.objects.filter(released_at=None).exists()
        assert not LandingRecord.objects.filter(state="OPEN").exists()
        assert not private_folder(run.pk).exists()
        assert team.on_disk() == before
        assert team.agent("production").state == Agent.State.BACKING_OFF
        assert_at_work_again(team, place)

    def test_a_message_that_comes_again_does_nothing(self, team: Team, place: Place):
        """As a broker does that never heard the worker's acknowledgement."""
        place.model.enqueue(EDIT)
        run_id = team.queue("production")
        place.worker().send(run_id)
        place.worker().send(run_id)
        run = outcome(run_id, place)

        place.worker().send(run_id)
        other = team.queue("evaluation")
        place.worker().send(other)
        outcome(other, place)

        assert AgentRun.objects.get(pk=run_id).finished_at == run.finished_at
        assert len(place.model.calls) == 2
