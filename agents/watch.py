"""What a worker's thread looks at while Aider works: must this run end?"""

import time
from typing import Final, Literal

from django.utils import timezone
from django.utils.translation import gettext as _

from agents.gateway.client import Gateway
from agents.models import AgentRun
from agents.runlog import RunLog

LOOK_SECONDS: Final = 0.5


class Watch:
    """Called many times a second by the engine; a sentence means: end it now.

    Twice a second it writes the heartbeat and reads whether someone asked to cancel.
    """

    def __init__(self, run: AgentRun, *, gateway: Gateway, log: RunLog) -> None:
        self.cause: Literal["", "void", "cancelled", "lost"] = ""
        self._run = run
        self._gateway = gateway
        self._log = log
        self._looked_at = time.monotonic()

    def __call__(self) -> str | None:
        self._log.flush()
        if verdict := self._gateway.verdict(str(self._run.pk)):
            self.cause = "void"
            return verdict
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
        return None
