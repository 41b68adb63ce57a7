"""A small mission beside a large one, up to the moment at which a worker begins its runs."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from django.utils import timezone

import celery_app
from agents import tasks, worker
from agents.models import Agent, AgentRun
from agents.roles import registry
from agents.roles.base import AiderAgent
from agents.workshop import Workshop
from missions.models import Mission
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.factories import make_agent
from tests.aider.aider_model import ScriptedModel

pytestmark = [
    pytest.mark.engine,
    pytest.mark.xdist_group("engine"),
    pytest.mark.timeout(300),
]

LARGE, SMALL, THREADS = 90, 10, 4
DAY = 86_400


class Clerk(AiderAgent):
    """One of many roles, each with a file of its own."""

    label = {"en": "Clerk", "fr": "Commis"}
    watches = ("demande.md",)

    def shipped_prompt(self, language: str) -> str:
        return "Say nothing."


@pytest.fixture
def clerks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    kinds: list[type[Clerk]] = [
        type(f"Clerk{n}", (Clerk,), {"role": f"clerk-{n}", "writes": (f"clerk_{n}.md",)})
        for n in range(LARGE)
    ]
    roles = {kind.role: kind() for kind in kinds}
    monkeypatch.setattr(registry, "_registered", lambda: roles)
    return list(roles)


@pytest.fixture
def four_threads(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[None]:
    """A real worker with four threads, its broker in this process."""
    settings.PARALLAGON_CYCLES = THREADS
    monkeypatch.setattr(worker, "_workshop", workshop)
    monkeypatch.setattr(worker, "open_workshop", lambda **_: None)
    app = celery_app.app
    monkeypatch.setitem(app.conf, "broker_url", "memory://")
    with start_worker(
        app, pool="threads", concurrency=THREADS, queues=["cycles"], perform_ping_check=False,
        shutdown_timeout=60,
    ):  # fmt: skip
        yield


def make_due(owner: User, roles: list[str]) -> Mission:
    mission = CreateMission(
        owner=owner, title="Clerks", request="It must.\n", language="en",
        model="openai/scripted", now=timezone.now(),
    ).execute()  # fmt: skip
    Agent.objects.filter(mission=mission).update(state="STOPPED", next_run_at=None)
    for role in roles:
        make_agent(
            mission, role, next_run_at=timezone.now(), interval=DAY, shortest=DAY, longest=DAY
        )
    return mission


@pytest.fixture
def everybody_is_done() -> Iterator[threading.Event]:
    """An event that is set when as many runs as are wanted have finished."""
    done = threading.Event()

    def look(**_: Any) -> None:
        if AgentRun.objects.filter(state="FINISHED").count() == LARGE + SMALL:
            done.set()

    task_postrun.connect(look)
    yield done
    task_postrun.disconnect(look)


def test_the_small_ones_last_start_is_no_later_than_twice_its_fair_turn(
    private_data: Any,
    owner: User,
    clerks: list[str],
    four_threads: None,
    everybody_is_done: threading.Event,
    model: ScriptedModel,
):
    large = make_due(owner, clerks)
    tasks.dispatch()  # all of the large one is queued before the small one wants anything
    small = make_due(owner, clerks[:SMALL])

    tasks.dispatch()
    while not everybody_is_done.wait(1):
        tasks.dispatch()  # as the beat does

    runs = AgentRun.objects.order_by("started_at")
    assert set(runs.values_list("outcome", flat=True)) == {"unchanged"}
    order = list(runs.values_list("mission_id", flat=True))
    assert order.count(large.pk) == LARGE
    last = max(place for place, key in enumerate(order, 1) if key == small.pk)
    assert last <= 2 * (2 * SMALL)
    assert len(model.calls) == LARGE + SMALL
