"""One warm engine for all tests, a scripted model for each."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.aider.engine import Engine
from tests.aider.aider_model import ScriptedModel
from tests.aider.aider_runs import CANARY, SECRETS, Aider


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine(environment={**os.environ, **dict.fromkeys(SECRETS, f"/{CANARY}")})
    engine.start()
    yield engine
    engine.close()


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
def aider(engine: Engine, model: ScriptedModel, tmp_path: Path) -> Aider:
    return Aider(engine, model, tmp_path)
