"""One engine and one gateway for the session; a scripted model, a mission and its team a test."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from agents.gateway.protocol import Bounds
from agents.workshop import Workshop
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.cycle_runs import KEY, Team
from tests.aider.aider_model import ScriptedModel
from tests.factories import make_user
from tests.gateway.gateway_provider import ScriptedProvider

PATIENCE = Bounds(first_pause=0.01, longest_pause=0.1, first_byte_seconds=20)
REQUEST = "# A tool\n\nThe tool must count words.\n\nIt should be quick.\n"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.start()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    gateway = Gateway(environment={"OPENAI_API_KEY": KEY}, bounds=PATIENCE)
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        for reply in server.replies:
            reply.may_finish.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def workshop(engine: Engine, gateway: Gateway, model: ScriptedModel) -> Workshop:
    return workshop_at(model.api_base, engine, gateway)


def workshop_at(address: str, engine: Engine, gateway: Gateway) -> Workshop:
    """Return the session's workshop, with a provider of this test's own."""
    environment = {"OPENAI_API_BASE": address, "OPENAI_API_KEY": KEY}
    return Workshop(engine=engine, gateway=gateway, environment=environment)


@pytest.fixture
def private_data(settings: Any, tmp_path: Path) -> Path:
    """Give each test a data directory of its own: mission numbers come back, folders must not."""
    settings.DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture
def owner(transactional_db: None) -> User:
    return make_user(first_name="Ada", last_name="Lovelace")


@pytest.fixture
def team(private_data: Path, owner: User, workshop: Workshop) -> Team:
    """A new mission, its agents stopped, its model the scripted one."""
    mission = CreateMission(
        owner=owner,
        title="Words",
        request=REQUEST,
        language="en",
        model="openai/scripted",
        now=timezone.now(),
    ).execute()
    return Team(mission=mission, owner=owner, workshop=workshop)


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """A provider that says exactly what it is told to, byte by byte."""
    provider = ScriptedProvider()
    yield provider
    provider.close()
