"""``.parallagon/mission.json``: what an export says of its mission beside the files."""

import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from missions.models import Mission
from missions.transfer.sources import BadArchive

NAME = "mission.json"
VERSION = 1
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A mission's title and language; its files are exactly those of the archive."""

    title: str
    language: str

    @classmethod
    def of(cls, mission: Mission) -> "Manifest":
        return cls(title=mission.title, language=mission.language)

    def as_bytes(self) -> bytes:
        data = {"parallagon": VERSION, "title": self.title, "language": self.language}
        return json.dumps(data, ensure_ascii=False, indent=2).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> "Manifest":
        """Return what ``content`` says.

        Raises:
            BadArchive: it is not a manifest, or one of a later version.
        """
        try:
            data = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise _unreadable() from error
        if not isinstance(data, dict) or not isinstance(data.get("parallagon"), int):
            raise _unreadable()
        if data["parallagon"] != VERSION:
            raise BadArchive(_("The archive was made by a later version of Parallagon."))
        title, language = data.get("title"), data.get("language")
        if not isinstance(title, str) or language not in Mission.Language.values:
            raise _unreadable()
        return cls(title=title, language=language)


def _unreadable() -> BadArchive:
    return BadArchive(_("What the archive says of its mission cannot be read."))
