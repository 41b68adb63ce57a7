"""What a tick of the dispatcher costs: ``dispatch.tick``, among many agents and among few."""

import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.figures import milliseconds
from bench.place import installation

DUE = 100
MANY = 10_000
TIMES = 15


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of ticks with 100 due agents: of 100, and of 10,000."""
    with installation():
        populate(DUE)
        few = statistics.median(claims())
        populate(MANY - DUE)
        many = statistics.median(claims())
        yield {
            "name": "dispatch.tick",
            "value": round(many, 1),
            "unit": "ms",
            "due": DUE,
            "agents": MANY,
            "versus": f"{DUE} agents",
            "versus_value": round(few, 1),
            "ratio": round(many / few, 2),
            "enqueue_ms_a_run": round(enqueue(), 2),
            "runs": TIMES,
            "database": "sqlite",
        }


def populate(count: int) -> None:
    """Add so many settled agents, in teams."""
    from django.utils import timezone

    from agents.models import Agent
    from agents.roles import registry
    from missions.models import Mission
    from parallagon.accounts.models import User

    roles = [role.role for role in registry.all_roles()]
    owner, _ = User.objects.get_or_create(username="bench")
    missions = Mission.objects.bulk_create(
        Mission(owner=owner, title="Bench", model="offline/writer")
        for _ in range(-(-count // len(roles)))
    )
    Agent.objects.bulk_create(
        Agent(
            mission=missions[number // len(roles)],
            role=roles[number % len(roles)],
            interval=20,
            state=Agent.State.SETTLED,
            state_changed_at=timezone.now(),
        )
        for number in range(count)
    )


def claims() -> list[float]:
    """Return how long ticks took that each claimed 100 agents."""
    from django.utils import timezone

    from agents.models import Agent, AgentRun
    from agents.services import Dispatch

    def tick() -> None:
        Dispatch(now=now).execute()

    taken = []
    for number in range(TIMES):
        now = timezone.now()
        AgentRun.objects.all().delete()
        # Only those of the last tick: thousands of rows more would be written down in this one.
        claimed = Agent.objects.exclude(state=Agent.State.SETTLED)
        claimed.update(state=Agent.State.SETTLED, next_run_at=None)
        due = Agent.objects.order_by("?").values_list("pk", flat=True)[:DUE]
        Agent.objects.filter(pk__in=list(due)).update(
            state=Agent.State.IDLE, next_run_at=now - timedelta(seconds=number)
        )
        taken += milliseconds(tick, times=1)
        found = AgentRun.objects.count()
        if found != DUE:
            raise AssertionError(f"{found} runs instead of {DUE}")
    return taken


def enqueue() -> float:
    """Return the milliseconds that sending one run's message takes."""
    import celery_app  # noqa: F401 - tells tasks where the broker is
    from agents.models import AgentRun
    from agents.tasks import send

    ids = iter(AgentRun.objects.values_list("pk", flat=True)[:DUE])
    send(next(ids))  # opens the connection
    return statistics.median(milliseconds(lambda: send(next(ids)), times=DUE - 1))
