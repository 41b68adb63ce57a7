"""Files that lie in a folder already become files of its mission, by another program's hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from missions import paths
from missions.content import check_bytes
from missions.landing.current import Current
from missions.landing.foreign import external_write, take
from missions.storage import BlobStore, FileManager, sha256
from parallagon.core.errors import FileOperationError, TooLarge, ValidationError

MOST_BYTES = 200 * 1024 * 1024
MOST_TOLD = 100
_AT_ONCE = 100  # files a transaction, so that no other writer of the installation waits long


@dataclass(frozen=True, kw_only=True)
class LeftAlone:
    """A file that cannot be one of a mission, and why; it stays as it is."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """What of a folder can be taken in."""

    folder: FileManager
    paths: Sequence[str]
    left_alone: Sequence[LeftAlone] = field(default=())

    def take_in(self, *, now: datetime) -> None:
        """Make a revision of each file as it is now; needs the write lock."""
        for start in range(0, len(self.paths), _AT_ONCE):
            writes = [
                external_write(Current(path=path), content, on_disk=sha256(content))
                for path in self.paths[start : start + _AT_ONCE]
                if (content := self.folder.read(path)) is not None
            ]
            for write in writes:
                BlobStore().put(write.content or b"")
            if writes:
                take(self.folder, writes, now=now)


def look_over(folder: FileManager, *, known: Sequence[str] = ()) -> Adoption:
    """Look which files can be taken in besides those that are ``known``; nothing is changed.

    Raises:
        TooLarge: they are too many, or too large together.
        FileOperationError: the folder cannot be used.
    """
    fit, left = folder.survey()
    left_alone = [LeftAlone(path=path, reason=_("its name cannot be used")) for path in left]
    wanted = [path for path in fit if path not in set(known)]
    clashing = paths.clashing([*known, *wanted])
    taken, size = [], 0
    for path in wanted:
        reason, length = _judge(folder, path, clashes=path in clashing)
        if reason:
            left_alone.append(LeftAlone(path=path, reason=reason))
            continue
        taken.append(path)
        size += length
        if size > MOST_BYTES:
            sentence = _("The files of this folder are larger than %(limit)s bytes together.")
            raise TooLarge(sentence % {"limit": MOST_BYTES}, limit=MOST_BYTES)
    return Adoption(folder=folder, paths=taken, left_alone=left_alone[:MOST_TOLD])


def _judge(folder: FileManager, path: str, *, clashes: bool) -> tuple[str, int]:
    """Return why a file cannot be taken in (empty: it can), and its length."""
    if clashes:
        return _("another name differs from it only by case"), 0
    try:
        content = folder.read(path) or b""
        check_bytes(path, content, allow_invalid=True)
    except (ValidationError, FileOperationError) as error:
        return error.message, 0
    return "", len(content)
