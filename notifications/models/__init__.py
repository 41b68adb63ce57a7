"""Who is told what, and over which ways."""

from notifications.models.alerts import Alert, AlertRule, AlertWatch
from notifications.models.deliveries import Delivery
from notifications.models.notifications import Cursor, Inbox, Notification
from notifications.models.wishes import Channel, Preference, Target

__all__ = [
    "Alert",
    "AlertRule",
    "AlertWatch",
    "Channel",
    "Cursor",
    "Delivery",
    "Inbox",
    "Notification",
    "Preference",
    "Target",
]
