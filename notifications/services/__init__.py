"""What changes notifications, and what people want to be told."""

from notifications.services.choose import SetPreferences
from notifications.services.clean import ForgetOld
from notifications.services.notify import Notify, Resolve
from notifications.services.post import Announce, PostNote
from notifications.services.reading import MarkAllRead, MarkRead
from notifications.services.targets import RemoveTarget, SetTarget, TestTarget

__all__ = [
    "Announce",
    "ForgetOld",
    "MarkAllRead",
    "MarkRead",
    "Notify",
    "PostNote",
    "RemoveTarget",
    "Resolve",
    "SetPreferences",
    "SetTarget",
    "TestTarget",
]
