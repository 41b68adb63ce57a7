"""Who is told what, and over which ways."""

from notifications.models.deliveries import Delivery
from notifications.models.notifications import Cursor, Inbox, Notification
from notifications.models.wishes import Channel, Preference, Target

__all__ = ["Channel", "Cursor", "Delivery", "Inbox", "Notification", "Preference", "Target"]
