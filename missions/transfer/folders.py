"""A folder on this machine as something that a person brings; its links are not followed."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from missions.transfer.sources import BadArchive, Entry, Limits
from missions.transfer.zips import shown
from parallagon.core import files

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LEVELS = 40


class FolderSource:
    """A folder that was looked through; what is hidden in it is not looked into.

    Raises (from the constructor):
        BadArchive: something in it is a link or another special file, or it is too much.
        FileOperationError: it cannot be read.
    """

    def __init__(self, root: Path, *, limits: Limits) -> None:
        self.root = root
        self.limits = limits
        self.entries: Sequence[Entry] = tuple(self._look())

    def read(self, entry: Entry) -> bytes:
        content = files.read_contained(self.root, entry.name, limit=entry.size)
        if len(content) != entry.size:
            raise BadArchive(_("%(name)s changed meanwhile.") % {"name": shown(entry.name)})
        return content

    def _look(self) -> Iterator[Entry]:
        try:
            descriptor = os.open(self.root, _FOLDER)
        except OSError as error:
            raise files.failure(error, str(self.root)) from error
        try:
            for count, entry in enumerate(_walk(descriptor, "", 1)):
                if count >= self.limits.entries:
                    raise BadArchive(
                        _("The archive holds more than %(most)s files.")
                        % {"most": self.limits.entries}
                    )
                yield entry
        finally:
            os.close(descriptor)


def _walk(folder: int, prefix: str, level: int) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda one: one.name)
    for entry in entries:
        name = f"{prefix}{entry.name}"
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk_into(folder, entry.name, name, level)
        elif stat.S_ISREG(status.st_mode):
            yield Entry(name=name, size=status.st_size)
        else:
            raise BadArchive(
                _("%(name)s is a link or another special file.") % {"name": shown(name)}
            )


def _walk_into(folder: int, name: str, path: str, level: int) -> Iterator[Entry]:
    if name.startswith(".") and path != ".parallagon":
        return
    if level >= _MOST_LEVELS:
        raise BadArchive(_("%(name)s is too deep.") % {"name": shown(path)})
    try:
        child = os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        raise BadArchive(_("%(name)s cannot be read.") % {"name": shown(path)}) from error
    try:
        yield from _walk(child, f"{path}/", level + 1)
    finally:
        os.close(child)
