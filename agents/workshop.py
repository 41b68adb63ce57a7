"""What every cycle of a worker shares: the warm engine and the gateway."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from agents.aider.engine import Engine
from agents.aider.protocol import EngineUnavailable
from agents.gateway.client import Gateway
from agents.gateway.models import configured_families

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workshop:
    """An engine and a gateway; open it in the worker's main thread, whose death ends both."""

    engine: Engine
    gateway: Gateway
    environment: Mapping[str, str]
    """Where the names of reachable models come from; keys are read by the gateway only."""
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when runs at work are to be handed back, since the worker stops."""

    @classmethod
    def open(cls, environment: Mapping[str, str]) -> Self:
        """Start both and wait until they serve.

        Where Aider cannot be loaded the workshop opens all the same: each run then fails with
        the sentence that says what is wrong, instead of waiting in a queue that nobody empties.

        Raises:
            GatewayUnavailable: the gateway does not start.
        """
        gateway = Gateway(environment=environment)
        gateway.start()
        engine = Engine(families=configured_families(environment))
        try:
            engine.start()
        except EngineUnavailable as error:
            logger.error("the engine is not available: %s", error)
        return cls(engine=engine, gateway=gateway, environment=environment)

    def close(self) -> None:
        """End both processes."""
        self.engine.close()
        self.gateway.close()
