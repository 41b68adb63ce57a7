"""What events mean to people, and how far each mission's events have been read.

Any number of readers may run. A mission's cursor is moved by a conditional update in the
transaction that tells people: whoever loses tells nobody, and a reader that is killed in between
has told nobody either, so the next one does.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from missions.models import Event, Mission, Proposal
from missions.selectors import events_after
from notifications.models import Cursor
from notifications.services import Notify, Resolve
from parallagon.core.errors import ParallagonError
from parallagon.core.services import BaseService

logger = logging.getLogger(__name__)
AT_ONCE = 200
WARNED_BEFORE = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something to tell people."""

    type: str
    dedupe_key: str
    params: dict[str, Any] = field(default_factory=dict)
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Something that people need not read any more."""

    type: str
    dedupe_key: str


def meaning(event: Event) -> Iterator[Told | Settled]:
    """Yield what an event means to people; most mean nothing. ``mission`` is not looked at."""
    data, mission = event.data, event.mission_id
    if event.type == "breaker.changed":
        yield from _of_breaker(data, mission)
    elif event.type == "mission.changed":
        yield from _of_mission(data, mission)
    elif event.type == "proposal.changed":
        key = str(data.get("proposal"))
        if data.get("state") == Proposal.State.OPEN:
            yield Told(type="proposal.waits", dedupe_key=key, link=f"/editor?mission={mission}")
        else:
            yield Settled(type="proposal.waits", dedupe_key=key)
            yield Settled(type="proposal.expiring", dedupe_key=key)
    elif event.type == "file.set_aside":
        names = {name: data.get(name) for name in ("path", "aside", "reason")}
        key = f"{mission} {data.get('aside')}"
        yield Told(
            type="file.set_aside", dedupe_key=key, params=names, link=f"/editor?mission={mission}"
        )


def _of_breaker(data: dict[str, Any], mission: int) -> Iterator[Told | Settled]:
    """One message a model, however many missions use it."""
    model = str(data.get("model"))
    gone, come = ("breaker.opened", "breaker.closed")
    if data.get("state") == "closed":
        gone, come = come, gone
    yield Settled(type=come, dedupe_key=model)
    link = f"/editor?mission={mission}"
    yield Told(type=gone, dedupe_key=model, params={"model": model}, link=link)


def _of_mission(data: dict[str, Any], mission: int) -> Iterator[Told | Settled]:
    budget = data.get("budget")
    if isinstance(budget, dict):
        kind = {"warning": "budget.warning", "reached": "budget.reached"}.get(
            str(budget.get("level"))
        )
        if kind:
            key = " ".join(
                str(part) for part in (mission, budget.get("scope"), budget.get("agent"))
            )
            params = {**budget, "percent": _percent(budget)}
            yield Told(type=kind, dedupe_key=key, params=params, link=f"/editor?mission={mission}")
    elif data.get("activity") == "settled":
        link = f"/editor?mission={mission}"
        yield Told(type="mission.settled", dedupe_key=str(mission), link=link)
    elif data.get("activity") == "working":
        yield Settled(type="mission.settled", dedupe_key=str(mission))


def _percent(budget: dict[str, Any]) -> int | None:
    try:
        return int(100 * Decimal(budget["used"]) / Decimal(budget["cap"]))
    except (KeyError, ArithmeticError, TypeError, ValueError):
        return None


@dataclass(frozen=True, kw_only=True)
class FollowEvents(BaseService[int]):
    """Tell people what the events of all missions mean; return how many were read."""

    operation = "notifications.follow"
    log_level = logging.DEBUG
    now: datetime

    def _perform(self) -> int:
        unread = Q(notification_cursor=None) | Q(seq__gt=F("notification_cursor__seq"))
        missions = Mission.objects.filter(unread, seq__gt=0).exclude(state=Mission.State.DELETED)
        return sum(self._follow(mission) for mission in missions.order_by("pk"))

    def _follow(self, mission: Mission) -> int:
        """Read what is new in one mission; a failure costs this look only."""
        try:
            Cursor.objects.get_or_create(mission=mission)
            with transaction.atomic():
                return self._read(mission)
        except ParallagonError as error:
            logger.warning("nobody was told of mission %s: %s", mission.pk, error.message)
            return 0

    def _read(self, mission: Mission) -> int:
        cursor = Cursor.objects.select_for_update(no_key=True).get(mission=mission)
        events = events_after(mission_id=mission.pk, after=cursor.seq, limit=AT_ONCE)
        end = (
            events[-1].seq if events else max(cursor.seq, mission.seq)
        )  # what was pruned cannot be told
        moved = Cursor.objects.filter(pk=cursor.pk, seq=cursor.seq).update(seq=end)
        if not moved:
            return 0
        for event in events:
            for said in meaning(event):
                self._say(said, event, mission)
        return len(events)

    def _say(self, said: Told | Settled, event: Event, mission: Mission) -> None:
        if isinstance(said, Settled):
            Resolve(type=said.type, dedupe_key=said.dedupe_key, now=self.now).execute()
            return
        params = said.params
        if said.type == "proposal.waits":
            proposal = Proposal.objects.filter(pk=said.dedupe_key).first()
            if proposal is None or proposal.state != Proposal.State.OPEN:
                return  # somebody was faster
            params = {"role": proposal.role}
        Notify(
            type=said.type,
            mission=mission,
            params=params,
            dedupe_key=said.dedupe_key,
            link=said.link,
            at=event.at,
            now=self.now,
        ).execute()


@dataclass(frozen=True, kw_only=True)
class TellOfExpiring(BaseService[int]):
    """Tell people, once, of proposals that will soon expire undecided; return of how many."""

    operation = "notifications.tell_of_expiring"
    log_level = logging.DEBUG
    now: datetime

    def _perform(self) -> int:
        days = settings.PARALLAGON_PROPOSAL_DAYS
        if not days:
            return 0
        since = self.now + WARNED_BEFORE - timedelta(days=days)
        waiting = Proposal.objects.filter(state=Proposal.State.OPEN, created_at__lte=since)
        told = 0
        for proposal in waiting.select_related("mission").order_by("pk"):
            told += bool(
                Notify(
                    type="proposal.expiring",
                    mission=proposal.mission,
                    params={"role": proposal.role},
                    dedupe_key=str(proposal.pk),
                    link=f"/editor?mission={proposal.mission_id}",
                    now=self.now,
                ).execute()
            )
        return told
