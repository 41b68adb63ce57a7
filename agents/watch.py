"""What a worker's thread looks at while Aider works: must this run end?"""

import threading
import time
from typing import Final, Literal

from django.utils import timezone
from django.utils.translation import gettext as _

from agents.budget import keep, overdrawn
from agents.gateway.client import Gateway
from agents.gateway.protocol import GatewayError
from agents.models import AgentRun
from agents.runlog import RunLog

LOOK_SECONDS: Final = 0.5


class Watch:
    """Called many times a second by the engine; a sentence means: end it now.

    Twice a second it writes the heartbeat, keeps count of what the run has used, and reads whether
    someone asked to cancel or other workers' runs have used up what it shares with them.
    """

    def __init__(
        self, run: AgentRun, *, gateway: Gateway, log: RunLog, closing: threading.Event
    ) -> None:
        self.cause: Literal["", "void", "cancelled", "lost", "budget", "stopped"] = ""
        self._run = run
        self._gateway = gateway
        self._log = log
        self._closing = closing
        self._looked_at = time.monotonic()

    def __call__(self) -> str | None:
        self._log.flush()
        if verdict := self._gateway.verdict(str(self._run.pk)):
            self.cause = "void"
            return verdict
        if self._closing.is_set():
            self.cause = "stopped"
            return _("its worker is stopping")
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return None
        self._looked_at = time.monotonic()
        return self._look()

    def _look(self) -> str | None:
        run = AgentRun.objects.filter(pk=self._run.pk, state=AgentRun.State.RUNNING)
        if not run.update(heartbeat_at=timezone.now()):
            self.cause = "lost"
            return _("this run was ended by someone else")
        if run.values_list("is_cancel_requested", flat=True).first():
            self.cause = "cancelled"
            return _("cancelled by a person")
        if self._run.reserved_cost is not None and (sentence := self._overdrawn()):
            self.cause = "budget"
            return sentence
        return None

    def _overdrawn(self) -> str | None:
        try:
            keep(self._run, self._gateway.report(str(self._run.pk)))
        except (GatewayError, KeyError):
            return None  # a gateway that is gone has a verdict of its own
        return overdrawn(
            self._run, is_here=lambda run: self._gateway.serves(str(run)), now=timezone.now()
        )
