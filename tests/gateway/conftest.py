from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.gateway.client import Gateway
from tests.gateway.gateway_provider import ScriptedProvider
from tests.gateway.gateway_run import CANARY, QUICK, PlayedRun, StartRun, new_run


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """A gateway process with a key and little patience."""
    gateway = Gateway(environment={"OPENAI_API_KEY": CANARY}, bounds=QUICK)
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """A provider that does what the test tells it."""
    provider = ScriptedProvider()
    yield provider
    provider.close()


@pytest.fixture
def start_run(gateway: Gateway, provider: ScriptedProvider, tmp_path: Path) -> StartRun:
    """Register a run at the scripted provider; keywords replace parts of its allowance."""

    def start(*, at: Gateway = gateway, **changes: Any) -> PlayedRun:
        return new_run(at, provider.base_url, tmp_path, **changes)

    return start
