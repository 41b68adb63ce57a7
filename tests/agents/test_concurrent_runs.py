"""Many runs at once: all wait for their model together, all land, nothing is left over."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean

import pytest
from django.conf import settings
from django.utils import timezone

from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from agents.models import AgentRun
from bench.crowd import LONGEST, Footprint, WaitingModel, begin, queue
from missions.models import Lease, MissionFile
from missions.selectors import current_text
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.cycle_runs import KEY, workshop_at

pytestmark = [
    pytest.mark.engine,
    pytest.mark.xdist_group("engine"),
    pytest.mark.timeout(300),
]

RUNS = 24
MOST = 40.0  # MiB a run on top of the engine


@pytest.fixture
def waiting_model() -> Iterator[WaitingModel]:
    model = WaitingModel()
    yield model
    model.may_answer.set()
    model.shutdown()
    model.server_close()


@pytest.fixture
def patient_gateway() -> Iterator[Gateway]:
    """A gateway that waits for a model as long as an installation's, not as tests like it."""
    gateway = Gateway(environment={"OPENAI_API_KEY": KEY})
    gateway.start()
    yield gateway
    gateway.close()


def test_all_wait_together_and_all_land(
    private_data: Path,
    owner: User,
    engine: Engine,
    patient_gateway: Gateway,
    waiting_model: WaitingModel,
):
    workshop = workshop_at(waiting_model.api_base, engine, patient_gateway)
    missions = [
        CreateMission(
            owner=owner, title=f"Words {number}", request="It must count.\n", language="en",
            model="openai/scripted", now=timezone.now(),
        ).execute()
        for number in range(RUNS)
    ]  # fmt: skip
    run_ids = queue(missions)
    waiting_model.expect(RUNS)
    threads_before = threading.active_count()

    with ThreadPoolExecutor(RUNS) as pool:
        futures = begin(pool, run_ids, workshop)
        together = waiting_model.everyone_waits.wait(LONGEST)
        taken = Footprint.of(workshop, database=Path(str(settings.DATABASES["default"]["NAME"])))
        waiting_model.may_answer.set()
        for future in futures:
            future.result()

    assert together
    assert len(taken.children) >= RUNS
    assert mean(taken.children) <= MOST
    runs = AgentRun.objects.filter(pk__in=run_ids)
    assert list(runs.values_list("outcome", flat=True)) == ["changed"] * RUNS
    files = MissionFile.objects.filter(mission__in=missions, path="production.md")
    assert all(current_text(file).startswith("# Written\n") for file in files)
    assert len(waiting_model.prompts) == RUNS  # nobody asked twice
    assert not Lease.objects.filter(released_at=None).exists()
    # A thread a run, and one of the model's a call; the runs' own are gone.
    assert taken.threads <= threads_before + 2 * RUNS + 10
    assert engine.health().running == 0
