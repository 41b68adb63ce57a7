"""Messages on their way out: formed into batches, claimed, sent, tried again, given up.

Every step is a conditional update, so any number of senders may run. One that is killed while it
sends leaves its batch claimed; two minutes later it is sent again under the same id. So a receiver
has each message at least once, and knows by the id what it has had.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone

from notifications import batching, letters
from notifications.batching import Batch, Waiting
from notifications.channels import sending
from notifications.channels.letters import DeliveryFailed, Letter
from notifications.measures import DELIVERED, OLDEST, QUEUED
from notifications.models import Delivery, Notification, Target
from notifications.sealing import Unsealable, unseal
from parallagon.core.breaker import Breaker, BreakerPolicy, CircuitOpen
from parallagon.core.services import BaseService

logger = logging.getLogger(__name__)
State = Delivery.State

MOST_ATTEMPTS: Final = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
LOST_AFTER: Final = timedelta(minutes=2)
"""Far longer than a sender can take; then it is taken for dead."""
AT_ONCE: Final = 500
WORK_SECONDS: Final = 20
BUSY_SECONDS: Final = 30
SERVICES: Final = Breaker("notifications", lambda: BreakerPolicy(probe=120))

Send = Callable[..., None]


def pause_after(attempts: int, *, chance: float) -> timedelta:
    """Return how long to wait after that many failures; ``chance`` (0 to 1) spreads it by half."""
    doubled = FIRST_PAUSE * 2 ** min(attempts - 1, 20)
    pause: timedelta = min(doubled, LONGEST_PAUSE) * (0.5 + chance / 2)
    return pause


def is_at_work(*, now: datetime) -> bool:
    """Tell whether somebody is sending just now."""
    recently = now - timedelta(seconds=BUSY_SECONDS)
    return Delivery.objects.filter(state=State.SENDING, claimed_at__gt=recently).exists()


@dataclass(frozen=True, kw_only=True)
class DeliverDue(BaseService[int]):
    """Send what is due; return how many messages went out."""

    operation = "notifications.deliver"
    log_level = logging.DEBUG
    clock: Callable[[], datetime] = timezone.now
    send: Send = sending.send
    window: timedelta = batching.WINDOW

    def _perform(self) -> int:
        started = self.clock()
        _expire(now=started)
        _take_back(now=started)
        _form_batches(now=started, window=self.window)
        went = 0
        for batch in _due_batches(now=started):
            if self.clock() - started > timedelta(seconds=WORK_SECONDS):
                break  # the next look goes on
            went += SendBatch(batch=batch, clock=self.clock, send=self.send).execute()
        _measure(now=self.clock())
        return went


@dataclass(frozen=True, kw_only=True)
class SendBatch(BaseService[int]):
    """Send one batch, unless somebody else does; return how many messages went out."""

    operation = "notifications.send"
    log_level = logging.DEBUG
    batch: UUID
    clock: Callable[[], datetime] = timezone.now
    send: Send = sending.send

    def _perform(self) -> int:
        now = self.clock()
        waiting = Delivery.objects.filter(
            batch=self.batch, state=State.QUEUED, next_attempt_at__lte=now
        )
        if not waiting.update(state=State.SENDING, claimed_at=now, attempts=F("attempts") + 1):
            return 0
        mine = Delivery.objects.filter(batch=self.batch, state=State.SENDING, claimed_at=now)
        rows = list(
            mine.select_related("notification__user", "notification__mission").order_by("pk")
        )
        channel, user = rows[0].channel, rows[0].notification.user
        target = Target.objects.filter(user=user, channel=channel, is_on=True).first()
        try:
            self._go(target, letters.write(self.batch, [row.notification for row in rows], at=now))
        except CircuitOpen as error:
            self._later(rows, timedelta(seconds=error.wait), error.reason, claimed=now, free=True)
            return 0
        except DeliveryFailed as failure:
            self._failed(rows, failure, target, claimed=now)
            return 0
        return self._went(rows, target, claimed=now)

    def _go(self, target: Target | None, letter: Letter) -> None:
        """Send, past the breaker of the service.

        Raises:
            CircuitOpen: the service is left alone for now.
            DeliveryFailed: it did not go out.
        """
        if target is None:
            raise DeliveryFailed("it has no address any more", for_good=True)
        try:
            address, secret = unseal(target.sealed_address), unseal(target.sealed_secret)
        except Unsealable as error:
            raise DeliveryFailed(error.message, for_good=True) from error
        name, who = sending.service(target.channel, address), str(self.batch)
        SERVICES.enter(name, who, now=self.clock().timestamp())
        try:
            self.send(target.channel, letter, address=address, secret=secret)
        except DeliveryFailed as failure:
            if failure.for_good:  # that is about this address: the service answers
                SERVICES.answered(name)
            else:
                at = self.clock().timestamp()
                SERVICES.failed(name, who, now=at, wait=0, reason=failure.reason)
            raise
        except BaseException:
            SERVICES.left(name, who, now=self.clock().timestamp())
            raise
        SERVICES.answered(name)

    def _went(self, rows: list[Delivery], target: Target | None, *, claimed: datetime) -> int:
        now = self.clock()
        with transaction.atomic():
            went = self._mine(claimed).update(state=State.SENT, finished_at=now, last_error="")
            # Who wants it outside only has now had it.
            Notification.objects.filter(
                pk__in=[row.notification_id for row in rows], is_shown=False, read_at=None
            ).update(read_at=now)
            if target and target.last_error:
                Target.objects.filter(pk=target.pk).update(last_error="", failed_at=None)
        DELIVERED.labels(rows[0].channel, "sent").inc(went)
        return went

    def _failed(
        self, rows: list[Delivery], failure: DeliveryFailed, target: Target | None, *,
        claimed: datetime,
    ) -> None:  # fmt: skip
        now, attempts = self.clock(), max(row.attempts for row in rows)
        if target:
            Target.objects.filter(pk=target.pk).update(
                last_error=failure.reason[:300], failed_at=now
            )
        if not failure.for_good and attempts < MOST_ATTEMPTS:
            pause = pause_after(attempts, chance=random.random())  # noqa: S311 - no secret
            self._later(rows, pause, failure.reason, claimed=claimed)
            return
        failed = self._mine(claimed).update(
            state=State.FAILED, finished_at=now, last_error=failure.reason[:300]
        )
        DELIVERED.labels(rows[0].channel, "failed").inc(failed)
        logger.info("%s messages over %s are given up", failed, rows[0].channel)

    def _later(
        self, rows: list[Delivery], pause: timedelta, reason: str, *, claimed: datetime,
        free: bool = False,
    ) -> None:  # fmt: skip
        """Put the batch back; an attempt that was not made is ``free``."""
        back = self._mine(claimed).update(
            state=State.QUEUED,
            next_attempt_at=self.clock() + pause,
            last_error=reason[:300],
            attempts=F("attempts") - (1 if free else 0),
        )
        DELIVERED.labels(rows[0].channel, "waited" if free else "retried").inc(back)

    def _mine(self, claimed: datetime) -> "QuerySet[Delivery]":
        return Delivery.objects.filter(batch=self.batch, state=State.SENDING, claimed_at=claimed)


def _expire(*, now: datetime) -> None:
    """Take out what is too late, or was read in Parallagon meanwhile."""
    too_late = Q(notification__expires_at__lte=now)
    is_read = Q(notification__is_shown=True, notification__read_at__isnull=False)
    rows = Delivery.objects.filter(too_late | is_read, state=State.QUEUED)
    for channel, count in list(rows.values_list("channel").annotate(Count("pk")).order_by()):
        DELIVERED.labels(channel, "expired").inc(count)
    pks = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    Delivery.objects.filter(pk__in=pks, state=State.QUEUED).update(
        state=State.EXPIRED, finished_at=now
    )


def _take_back(*, now: datetime) -> None:
    """Queue again what a dead sender had claimed."""
    lost = Delivery.objects.filter(state=State.SENDING, claimed_at__lt=now - LOST_AFTER)
    lost.update(state=State.QUEUED, next_attempt_at=now, last_error="its sender ended")


def _form_batches(*, now: datetime, window: timedelta) -> None:
    rows = Delivery.objects.filter(state=State.QUEUED, batch=None)
    fresh = rows.order_by("-notification__priority", "pk").values_list(
        "pk", "notification__user_id", "channel", "notification__priority", "created_at"
    )[:AT_ONCE]
    waiting = [
        Waiting(
            pk=pk,
            user=user,
            channel=channel,
            is_urgent=priority == Notification.Priority.URGENT,
            since=since,
        )
        for pk, user, channel, priority, since in fresh
    ]
    for batch in batching.due(waiting, now=now, window=window):
        _seal_batch(batch)


def _seal_batch(batch: Batch) -> None:
    """Give the messages one id; those that another sender was faster with are in its batch."""
    Delivery.objects.filter(pk__in=batch.pks, state=State.QUEUED, batch=None).update(batch=uuid4())


def _due_batches(*, now: datetime) -> list[UUID]:
    rows = Delivery.objects.filter(
        state=State.QUEUED, batch__isnull=False, next_attempt_at__lte=now
    )
    by_weight = rows.values("batch").annotate(
        urgency=Min(-F("notification__priority")), first=Min("pk")
    )
    found = by_weight.order_by("urgency", "first").values_list("batch", flat=True)[:AT_ONCE]
    return [batch for batch in found if batch is not None]


def _measure(*, now: datetime) -> None:
    rows = Delivery.objects.filter(state__in=[State.QUEUED, State.SENDING])
    known = dict.fromkeys(Target.EXTERNAL, 0)
    known.update(rows.values_list("channel").annotate(Count("pk")).order_by())
    for channel, count in known.items():
        QUEUED.labels(channel).set(count)
    oldest = rows.aggregate(at=Min("created_at"))["at"]
    OLDEST.set((now - oldest).total_seconds() if oldest else 0)
