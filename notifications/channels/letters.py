"""What is sent: words that were made for one reader, and an id to know it by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class DeliveryFailed(Exception):  # noqa: N818 - says what happened
    """It did not go out; ``for_good`` when trying again cannot help."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good


@dataclass(frozen=True, kw_only=True)
class Item:
    """One message of a letter; ``link`` is a whole address, or empty."""

    id: int
    type: str
    level: str
    title: str
    body: str
    mission: int | None
    link: str
    count: int
    at: datetime

    def text(self) -> str:
        return "\n".join(part for part in (self.title, self.body, self.link) if part)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Messages that go together; ``id`` stays the same when it is sent again."""

    id: str
    subject: str
    items: Sequence[Item]
    at: datetime

    def text(self) -> str:
        return "\n\n".join(item.text() for item in self.items)

    def data(self) -> dict[str, Any]:
        """Return the body of a webhook."""
        return {
            "id": self.id,
            "at": self.at,
            "notifications": [
                {
                    "id": item.id,
                    "type": item.type,
                    "level": item.level,
                    "title": item.title,
                    "body": item.body,
                    "mission": item.mission,
                    "link": item.link,
                    "count": item.count,
                    "at": item.at,
                }
                for item in self.items
            ],
        }
