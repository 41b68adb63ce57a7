"""Telling people, once for each thing while they have not read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from missions.models import Mission
from notifications import frames, selectors
from notifications.measures import TOLD
from notifications.messages import OUTSIDE, TABS, MessageType, clean_params, message_type
from notifications.models import Channel, Delivery, Notification
from notifications.services.reading import mark_read
from parallagon.accounts.models import User
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class Notify(BaseService[list[Notification]]):
    """Tell people of something; returns what each was told.

    The one door for whatever has something to tell. It may be called inside the transaction of
    the change; frames go out, and deliveries begin, once that has committed.

    Args:
        type: a key of the registry.
        params: what its words name; ``mission`` is filled in.
        mission: what it is about; decides who is told unless ``to`` says so.
        dedupe_key: the same thing again counts up while it is unread.
        to: who is told instead of the type's audience.
        link: where it leads, a path of this installation.
        over: channels instead of the type's; a person's own word still counts.
        at: when it happened, if not now; what is too old by its type is not told at all.
    """

    operation = "notifications.notify"
    type: str
    now: datetime
    params: Mapping[str, Any] = field(default_factory=dict)
    mission: Mission | None = None
    dedupe_key: str = ""
    to: Sequence[User] | None = None
    link: str = ""
    at: datetime | None = None
    level: str | None = None
    over: Sequence[str] = ()

    def _validate_input(self) -> None:
        message_type(self.type)

    def _perform(self) -> list[Notification]:
        kind = message_type(self.type)
        if self.over:
            kind = replace(kind, channels=frozenset(map(Channel, self.over)))
        expires_at = (self.at or self.now) + kind.expires if kind.expires else None
        if expires_at is not None and expires_at <= self.now:
            return []
        people = self.to
        if people is None:
            people = selectors.audience(kind.audience, mission=self.mission)
        with transaction.atomic():
            channels = selectors.channels_of(people, kind)
            people = sorted((user for user in people if channels[user.pk]), key=lambda one: one.pk)
            return [
                told
                for user in people
                if (told := self._tell(user, kind, channels[user.pk], expires_at)) is not None
            ]

    def _tell(
        self, user: User, kind: MessageType, channels: frozenset[str], expires_at: datetime | None
    ) -> Notification | None:
        if kind.once and self._known(user).exists():
            return None
        seq = frames.next_number(user.pk)  # whoever tells the same person waits here
        told = self._again(user, seq, expires_at) or self._first(
            user, kind, seq, expires_at, is_shown=Channel.IN_APP in channels
        )
        if told.count == 1:
            Delivery.objects.bulk_create(
                Delivery(
                    notification=told,
                    channel=channel,
                    created_at=self.now,
                    next_attempt_at=self.now,
                )
                for channel in sorted(channels & OUTSIDE)
            )
        TOLD.labels(self.type).inc()
        if TABS & channels:
            self._show(told, user, channels)
        return told

    def _show(self, told: Notification, user: User, channels: frozenset[str]) -> None:
        text = frames.created(
            told,
            unread=selectors.unread_count(user_id=user.pk, now=self.now),
            language=selectors.language_of(user, self.mission),
            channels=sorted(channels),
        )
        frames.send_on_commit(user.pk, text, seq=told.seq)

    def _known(self, user: User) -> Any:
        return Notification.objects.filter(
            user=user, type=self.type, dedupe_key=self.dedupe_key[:200]
        )

    def _again(self, user: User, seq: int, expires_at: datetime | None) -> Notification | None:
        """Count up what is unread of the same; ``None`` where there is nothing."""
        if not self.dedupe_key:
            return None
        unread = self._known(user).unread()
        is_known = unread.update(
            count=F("count") + 1,
            seq=seq,
            params=self._params(),
            repeated_at=self.now,
            expires_at=expires_at,
        )
        return unread.get() if is_known else None

    def _first(
        self,
        user: User,
        kind: MessageType,
        seq: int,
        expires_at: datetime | None,
        *,
        is_shown: bool,
    ) -> Notification:
        return Notification.objects.create(
            user=user,
            mission=self.mission,
            type=self.type,
            level=self.level or kind.level,
            priority=kind.priority,
            params=self._params(),
            link=self.link[:300],
            dedupe_key=self.dedupe_key[:200],
            is_shown=is_shown,
            seq=seq,
            created_at=self.now,
            repeated_at=self.now,
            expires_at=expires_at,
        )

    def _params(self) -> dict[str, Any]:
        about = {"mission": self.mission.title} if self.mission else {}
        return clean_params({**about, **self.params})


@dataclass(frozen=True, kw_only=True)
class Resolve(BaseService[int]):
    """Take back what has settled itself: whoever has not read it need not; returns how many."""

    operation = "notifications.resolve"
    type: str
    dedupe_key: str
    now: datetime

    def _perform(self) -> int:
        with transaction.atomic():
            rows = Notification.objects.filter(
                type=self.type, dedupe_key=self.dedupe_key, read_at=None
            )
            people = sorted(set(rows.values_list("user_id", flat=True)))
            return sum(
                len(mark_read(rows.filter(user_id=user), user_id=user, now=self.now))
                for user in people
            )
