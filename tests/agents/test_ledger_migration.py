"""What calls of before the ledger become in it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from agents.models import Agent, ModelCall
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.factories import make_run

EVENING = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
BEFORE, AFTER = ("agents", "0002_money"), ("agents", "0004_ledger_required")


@pytest.fixture
def production(private_data: Path, owner: User) -> Agent:
    mission = CreateMission(
        owner=owner, title="Words", request="It must.\n", language="en", model="offline/writer",
        now=timezone.now(),
    ).execute()  # fmt: skip
    return Agent.objects.get(mission=mission, role="production")


@pytest.fixture
def newest(transactional_db: None) -> Iterator[None]:
    """Go to the newest tables again, whatever the test did."""
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def migrate(target: tuple[str, str]) -> Any:
    """Go to a migration and return the models as they were then."""
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return MigrationExecutor(connection).loader.project_state([target]).apps


@pytest.mark.usefixtures("newest")
def test_they_learn_whose_they_are_and_keep_an_unknown_cost(production: Agent) -> None:
    free = make_run(production, model="offline/writer")
    paid = make_run(production, model="openai/gpt-4o")
    old = migrate(BEFORE)
    for run in (free, paid):
        old.get_model("agents", "ModelCall").objects.create(
            run_id=run.pk, number=1, started_at=EVENING, seconds=1, is_complete=True
        )

    migrate(AFTER)

    found = {
        call.model: (call.mission_id, call.agent_id, call.day, call.cost)
        for call in ModelCall.objects.only("model", "mission", "agent", "day", "cost")
    }
    whose = (production.mission_id, production.pk, date(2026, 3, 14))
    assert found == {"offline/writer": (*whose, Decimal(0)), "openai/gpt-4o": (*whose, None)}
