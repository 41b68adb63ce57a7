"""Messages as one person reads them outside of Parallagon."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from notifications import selectors
from notifications.channels.letters import Item, Letter
from notifications.messages import words
from notifications.models import Notification
from parallagon.accounts.services import base_url


def write(batch: UUID, messages: Sequence[Notification], *, at: datetime) -> Letter:
    """Return the letter that holds messages for one person, in that person's language."""
    first = messages[0]
    language = selectors.language_of(first.user, first.mission)
    items = [_item(message, language) for message in messages]
    subject = items[0].title
    if len(items) > 1:
        with override(language):
            subject = _("%(title)s, and %(count)s more") % {
                "title": subject,
                "count": len(items) - 1,
            }
    return Letter(id=str(batch), subject=f"[Parallagon] {subject}"[:200], items=items, at=at)


def _item(message: Notification, language: str) -> Item:
    said = words(message, language=language)
    root = settings.PARALLAGON_URL or base_url()
    return Item(
        id=message.pk,
        type=message.type,
        level=message.level,
        title=said.title,
        body=said.body,
        mission=message.mission_id,
        link=f"{root}{message.link}" if message.link else "",
        count=message.count,
        at=message.repeated_at,
    )
