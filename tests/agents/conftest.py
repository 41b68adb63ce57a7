"""One engine and one gateway for the session; a scripted model, a mission and its team a test."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agents.aider.engine import Engine
from agents.circuits import MODELS
from agents.gateway.client import Gateway
from agents.gateway.protocol import Bounds
from agents.models import Agent, AgentRun
from agents.selectors import run_directory
from agents.workshop import Workshop
from missions.landing import Author, Change, land
from missions.models import Membership, Mission
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.cycle_runs import KEY, Team, workshop_at
from tests.agents.factories import NOW, browser, make_run
from tests.aider.aider_model import ScriptedModel
from tests.factories import make_user
from tests.gateway.gateway_provider import ScriptedProvider

PATIENCE = Bounds(first_pause=0.01, longest_pause=0.1, first_byte_seconds=20)
REQUEST = "# A tool\n\nThe tool must count words.\n\nIt should be quick.\n"


@pytest.fixture(autouse=True)
def healthy_models() -> Iterator[None]:
    """Let no test begin with a model that another one left alone."""
    MODELS.forget()
    yield
    MODELS.forget()


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


# -- over HTTP -------------------------------------------------------------------------------


@pytest.fixture
def ada(db: None, private_data: Path, settings: Any) -> User:
    """Someone who owns a mission, on an installation that can reach one provider."""
    settings.ENVIRONMENT = {"OPENAI_API_KEY": KEY}
    return make_user(username="ada", first_name="Ada")


@pytest.fixture
def mission(ada: User) -> Mission:
    return CreateMission(
        owner=ada, title="Words", request="It must count.\n", language="en",
        model="offline/writer", now=timezone.now(),
    ).execute()  # fmt: skip


@pytest.fixture
def http(ada: User) -> APIClient:
    return browser(ada)


@pytest.fixture
def stranger(db: None) -> APIClient:
    return browser(make_user(username="stranger"))


@pytest.fixture
def viewer(mission: Mission) -> APIClient:
    user = make_user(username="viewer")
    Membership.objects.create(mission=mission, user=user, role=Membership.Role.VIEWER)
    return browser(user)


@pytest.fixture
def production(mission: Mission) -> Agent:
    return Agent.objects.get(mission=mission, role="production")


@pytest.fixture
def changed_run(production: Agent) -> AgentRun:
    """A run that changed a file, with its log."""
    run_id = uuid4()
    change = Change(path="production.md", text="# Written\n", base=1)
    author = Author.agent("production", run_id)
    land(production.mission, [change], author=author, now=timezone.now())
    directory = run_directory(run_id)
    directory.mkdir(parents=True)
    lines = [
        {"at": NOW.isoformat(), "stream": "log", "text": "Applied.\n"},
        {"at": NOW.isoformat(), "stream": "reply", "text": "I write.\n"},
    ]
    (directory / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "{to")
    changes = [{"path": "production.md", "from": 1, "to": 2, "added": 1, "removed": 5}]
    return make_run(
        production, id=run_id, outcome="changed", changes=changes, model="offline/writer",
        finished_at=timezone.now(),
    )  # fmt: skip
