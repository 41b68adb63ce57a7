"""The parts that a cycle needs, as the agents' tests have them."""

from tests.agents.conftest import (  # noqa: F401 - fixtures
    engine,
    gateway,
    model,
    owner,
    private_data,
    team,
    workshop,
)
