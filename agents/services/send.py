"""Which queued runs go to the workers now: missions take turns until the moment of sending.

Few messages lie with the broker at a time, and the rest waits in the database. So whoever comes
late is behind a handful of runs and not behind all that another mission wants.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from agents import scheduling
from agents.models import AgentRun
from agents.selectors import RESEND_AFTER, runs_to_send, runs_under_way
from parallagon.core.services import BaseService

LOST_AFTER = timedelta(seconds=10)
"""A message that no worker took, though one is free, was lost with the broker's memory."""


@dataclass(frozen=True, kw_only=True)
class SendRuns(BaseService[list[UUID]]):
    """Choose the runs whose message is to be sent now; return their ids in that order.

    Any number may choose at once: they choose the same runs, and each run is taken by one of them.
    Messages that nobody takes count as under way until they are taken for lost.
    """

    operation = "agents.run.send"
    log_level = logging.DEBUG
    now: datetime
    mission_id: int | None = None
    least: int = 1
    """Do nothing while there is room for fewer: whoever asks often takes several at a time."""

    def _perform(self) -> list[UUID]:
        queued = AgentRun.objects.filter(state=AgentRun.State.QUEUED)
        if not self._mine(queued).exists():
            return []
        under_way = list(runs_under_way(now=self.now).values_list("mission_id", "state", "sent_at"))
        at_work = [mission for mission, state, _at in under_way if state == AgentRun.State.RUNNING]
        is_busy = len(at_work) >= settings.PARALLAGON_CYCLES
        lost_after = RESEND_AFTER if is_busy else LOST_AFTER
        sent = [
            mission
            for mission, state, at in under_way
            if state == AgentRun.State.QUEUED and at and at > self.now - lost_after
        ]
        waiting = sum(self.mission_id in {None, mission} for mission in sent)
        room = 2 * settings.PARALLAGON_CYCLES - waiting
        if room < self.least:
            return []
        chosen = self._choose(room, ahead=Counter(at_work + sent), lost_after=lost_after)
        return self._take(chosen, lost_after=lost_after)

    def _choose(self, room: int, *, ahead: Counter[int], lost_after: timedelta) -> list[UUID]:
        """Return who is next, as far as there is room; missions have so many ``ahead``."""
        turn = Window(RowNumber(), partition_by=F("mission_id"), order_by=[F("queued_at"), F("pk")])
        waiting = self._mine(runs_to_send(now=self.now, lost_after=lost_after))
        # Whoever has runs under way stands so many places further back: nobody else is pushed out.
        rows = list(
            waiting.annotate(turn=turn)
            .order_by("turn", "queued_at", "pk")
            .values_list("pk", "mission_id")[: room + ahead.total()]
        )
        ordered = scheduling.in_turn(rows, mission=lambda row: row[1], ahead=ahead)
        return [run_id for run_id, _mission in ordered[:room]]

    def _take(self, chosen: Sequence[UUID], *, lost_after: timedelta) -> list[UUID]:
        """Note that these are sent, but for those that another has taken meanwhile."""
        if not chosen:
            return []
        with transaction.atomic():
            free = runs_to_send(now=self.now, lost_after=lost_after).filter(pk__in=chosen)
            locked = free.select_for_update(no_key=True, skip_locked=True).order_by()
            taken = set(locked.values_list("pk", flat=True))
            AgentRun.objects.filter(pk__in=taken).update(sent_at=self.now, not_before=None)
        return [run_id for run_id in chosen if run_id in taken]

    def _mine(self, runs: QuerySet[AgentRun]) -> QuerySet[AgentRun]:
        return runs if self.mission_id is None else runs.filter(mission_id=self.mission_id)


@dataclass(frozen=True, kw_only=True)
class MarkSent(BaseService[None]):
    """Note that a run's message could not be sent, so that the next tick sends it again."""

    operation = "agents.run.unsent"
    run_ids: Sequence[UUID]

    def _perform(self) -> None:
        AgentRun.objects.filter(pk__in=self.run_ids, state=AgentRun.State.QUEUED).update(
            sent_at=None
        )
