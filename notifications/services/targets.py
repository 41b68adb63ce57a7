"""Where the channels of a person lead."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from notifications import selectors
from notifications.channels import addresses
from notifications.models import Channel, Delivery, Notification, Target
from notifications.sealing import seal
from parallagon.accounts.models import User
from parallagon.core.errors import ValidationError
from parallagon.core.services import BaseService

SHORTEST_SECRET, LONGEST_SECRET = 16, 200


@dataclass(frozen=True, kw_only=True)
class SetTarget(BaseService[tuple[Target, str]]):
    """Keep where a channel leads; returns it with a new secret, which is never shown again.

    A webhook without a secret of the person's own gets one, or keeps the one it has.

    Raises (from ``execute``):
        AddressRefused: messages are not sent there.
        ValidationError: the channel needs no address, or the secret is no good.
    """

    operation = "notifications.target.set"
    user: User
    channel: str
    address: str
    now: datetime
    secret: str = ""

    def _validate_input(self) -> None:
        if self.channel not in Target.EXTERNAL:
            raise ValidationError(_("This channel needs no address."), channel=self.channel[:40])
        addresses.check(self.channel, self.address)
        if self.secret and not SHORTEST_SECRET <= len(self.secret) <= LONGEST_SECRET:
            sentence = _("A secret has %(least)s to %(most)s characters.")
            limits = {"least": SHORTEST_SECRET, "most": LONGEST_SECRET}
            raise ValidationError(sentence % limits, field="secret")

    def _perform(self) -> tuple[Target, str]:
        values = {
            "sealed_address": seal(self.address),
            "hint": addresses.hint(self.channel, self.address)[:300],
            "is_on": True,
            "last_error": "",
            "failed_at": None,
            "updated_at": self.now,
        }
        new_secret = ""
        with transaction.atomic():
            known = Target.objects.filter(user=self.user, channel=self.channel)
            if self.channel == Channel.WEBHOOK:
                has_one = known.exclude(sealed_secret="").exists()
                new_secret = self.secret or ("" if has_one else secrets.token_urlsafe(32))
            if new_secret:
                values["sealed_secret"] = seal(new_secret)
            target, _is_new = Target.objects.update_or_create(
                user=self.user, channel=self.channel, defaults=values
            )
        return target, new_secret


@dataclass(frozen=True, kw_only=True)
class RemoveTarget(BaseService[None]):
    """Forget where a channel leads; what was on its way there expires."""

    operation = "notifications.target.remove"
    target: Target
    now: datetime

    def _perform(self) -> None:
        waiting = Delivery.objects.filter(
            notification__user_id=self.target.user_id,
            channel=self.target.channel,
            state=Delivery.State.QUEUED,
        )
        with transaction.atomic():
            waiting.update(state=Delivery.State.EXPIRED, finished_at=self.now)
            self.target.delete()


@dataclass(frozen=True, kw_only=True)
class TestTarget(BaseService[Delivery]):
    """Send a test over one channel, at once; its delivery says how it went."""

    __test__ = False  # pytest: this is no test
    operation = "notifications.target.test"
    user: User
    channel: str
    now: datetime

    def _validate_input(self) -> None:
        selectors.target(user=self.user, channel=self.channel)

    def _perform(self) -> Delivery:
        with transaction.atomic():
            message: Notification = Notification.objects.create(
                user=self.user,
                type="test",
                level=Notification.Level.INFO,
                priority=Notification.Priority.URGENT,
                seq=0,
                created_at=self.now,
                repeated_at=self.now,
                is_shown=False,
            )
            return Delivery.objects.create(
                notification=message,
                channel=self.channel,
                created_at=self.now,
                next_attempt_at=self.now,
            )
