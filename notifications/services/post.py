"""What people tell each other."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from missions.models import Mission
from notifications.models import Notification
from notifications.services.notify import Notify
from parallagon.accounts.models import User
from parallagon.core.errors import ValidationError
from parallagon.core.services import BaseService

LONGEST_TITLE, LONGEST_TEXT = 120, 1000


@dataclass(frozen=True, kw_only=True)
class PostNote(BaseService[list[Notification]]):
    """Tell a mission's members something, in the words of an owner."""

    operation = "notifications.note.post"
    mission: Mission
    author: User
    title: str
    now: datetime
    text: str = ""
    level: str = Notification.Level.INFO

    def _validate_input(self) -> None:
        check_note(self.title, self.text, self.level)

    def _perform(self) -> list[Notification]:
        return Notify(
            type="note",
            mission=self.mission,
            params={
                "author": self.author.display_name(), "title": self.title, "text": self.text,
            },
            level=self.level,
            link=f"/editor?mission={self.mission.pk}",
            now=self.now,
        ).execute()  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Announce(BaseService[list[Notification]]):
    """Tell everyone who has an account something, in the words of those who run it."""

    operation = "notifications.announcement.post"
    title: str
    now: datetime
    text: str = ""
    level: str = Notification.Level.INFO

    def _validate_input(self) -> None:
        check_note(self.title, self.text, self.level)

    def _perform(self) -> list[Notification]:
        return Notify(
            type="announcement",
            to=list(User.objects.filter(is_active=True)),
            params={"title": self.title, "text": self.text},
            level=self.level,
            now=self.now,
        ).execute()


def check_note(title: str, text: str, level: str) -> None:
    """Refuse what cannot be told.

    Raises:
        ValidationError: it is empty, too long, or of no level.
    """
    if not title.strip() or len(title) > LONGEST_TITLE:
        sentence = _("A note needs a title of at most %(limit)s characters.")
        raise ValidationError(sentence % {"limit": LONGEST_TITLE}, field="title")
    if len(text) > LONGEST_TEXT:
        sentence = _("A note may have at most %(limit)s characters.")
        raise ValidationError(sentence % {"limit": LONGEST_TEXT}, field="text")
    if level not in Notification.Level.values:
        raise ValidationError(_("There is no such level."), field="level")
