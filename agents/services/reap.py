"""Runs whose worker died are ended by whoever notices."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import translation
from django.utils.translation import gettext as _

from agents.gateway.protocol import read_calls
from agents.models import AgentRun, Failure
from agents.selectors import run_directory, staging_directory
from agents.services.finish import FinishRun
from missions import locks
from missions.locks import RunLock
from missions.turns import turn
from parallagon.core.services import BaseService

SILENT_FOR = timedelta(seconds=30)
SILENT_ALONE_FOR = timedelta(seconds=60)
"""… where no lock proves that the worker is dead, so that its silence alone decides."""


LOOKED_KEY = "agents.reap.looked_at"
ASLEEP_AFTER = timedelta(seconds=30)
"""Nobody looked for so long: the machine may have slept, and with it those who are silent."""


def may_have_slept(*, now: datetime) -> bool:
    """Note that someone looks, and tell whether the silent must first get to speak again.

    Only where silence alone decides: a lock that a living worker holds has slept with it.
    """
    if locks.are_certain():
        return False
    looked_at = cache.get(LOOKED_KEY)
    cache.set(LOOKED_KEY, now.timestamp(), timeout=None)
    return looked_at is None or now.timestamp() - looked_at > ASLEEP_AFTER.total_seconds()


def silent_runs(*, now: datetime) -> Sequence[AgentRun]:
    """Return the runs at work whose worker has not been heard of for too long."""
    silence = SILENT_FOR if locks.are_certain() else SILENT_ALONE_FOR
    return list(
        AgentRun.objects.filter(
            state=AgentRun.State.RUNNING, heartbeat_at__lt=now - silence
        ).select_related("agent", "mission")
    )


@dataclass(frozen=True, kw_only=True)
class ReapRun(BaseService[bool]):
    """End a silent run as failed, unless a lock proves that its worker lives.

    What its calls cost is read from the gateway's record, so that a crash loses no charge.
    """

    operation = "agents.run.reap"
    run: AgentRun
    now: datetime

    def _perform(self) -> bool:
        if locks.are_certain() and not RunLock.is_free(self.run.pk):
            return False
        with turn(self.run.mission_id), translation.override(self.run.mission.language):
            FinishRun(
                run=self.run,
                outcome=AgentRun.Outcome.FAILED,
                failure=Failure.WORKER_LOST,
                reason=_("worker lost: the process that ran this cycle died"),
                calls=read_calls(run_directory(self.run.pk)),
                now=self.now,
            ).execute()
        shutil.rmtree(staging_directory(self.run.pk), ignore_errors=True)
        RunLock.forget(self.run.pk)
        return True
