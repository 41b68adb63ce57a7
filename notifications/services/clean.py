"""Forgetting what nobody reads any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from notifications.models import Alert, Delivery, Notification
from parallagon.core.services import BaseService

AFTER_ITS_END = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class ForgetOld(BaseService[int]):
    """Remove messages that are old, or ended a week ago, unless one is still on its way, and
    alerts that were over long ago.
    """

    operation = "notifications.forget"
    now: datetime

    def _perform(self) -> int:
        before = self.now - timedelta(days=settings.PARALLAGON_NOTIFICATION_DAYS)
        old = Q(repeated_at__lt=before) | Q(expires_at__lt=self.now - AFTER_ITS_END)
        under_way = [Delivery.State.QUEUED, Delivery.State.SENDING]
        rows = Notification.objects.filter(old).exclude(deliveries__state__in=under_way)
        Alert.objects.filter(cleared_at__lt=before).delete()
        _all, by_model = rows.delete()
        return int(by_model.get("notifications.Notification", 0))
