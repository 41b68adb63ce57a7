"""What lay at a path when Parallagon put something else there: kept until someone has looked.

Another program may save in the very instant in which a file is replaced. What was displaced
therefore stays beside the file, under a hidden name that says whose place was taken and which
bytes were expected there, so that whoever comes next knows what to do with it.
"""

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_NAME = re.compile(r"\.(?P<name>.+)\.(?P<before>[0-9a-f]{16})\.[0-9a-f]{8}\.kept")
_DIGITS = 16
_NOTHING = "0" * _DIGITS


@dataclass(frozen=True, kw_only=True)
class Displaced:
    """Bytes beside a file that were, or were about to be, at its place.

    Attributes:
        path: of the file.
        name: of the kept bytes, in the same folder.
        before: how the hash of what was expected at ``path`` begins; zeros for no file.
    """

    path: str
    name: str
    before: str

    @classmethod
    def for_path(cls, path: str, before: str | None) -> "Displaced":
        """Return a new name beside ``path``, where bytes with the hash ``before`` are expected."""
        digits = before[:_DIGITS] if before else _NOTHING
        name = f".{PurePosixPath(path).name}.{digits}.{os.urandom(4).hex()}.kept"
        return cls(path=path, name=name, before=digits)

    @classmethod
    def at(cls, kept: str) -> "Displaced | None":
        """Return what a path's name tells, if it is such a name."""
        place = PurePosixPath(kept)
        match = _NAME.fullmatch(place.name)
        if match is None:
            return None
        path = str(place.with_name(match["name"]))
        return cls(path=path, name=place.name, before=match["before"])

    @property
    def kept(self) -> str:
        """The path of the kept bytes."""
        return str(PurePosixPath(self.path).with_name(self.name))

    def is_expected(self, hash_: str) -> bool:
        """Return whether bytes with this hash are those that were expected at the path."""
        return hash_.startswith(self.before)
