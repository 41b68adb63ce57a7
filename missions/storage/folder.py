"""A mission's folder, which is open to everyone's tools."""

import contextlib
import os
import re
import stat
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from missions import folders, walk
from missions.displaced import Displaced
from missions.models import Mission
from missions.storage.durable import sha256, sync
from parallagon.core import files
from parallagon.core.errors import FileOperationError, ResourceNotFoundError, TooLarge

MOST_FILES = 10_000
_PATIENCE = 0.1  # seconds in which a program that writes in place is done
_LEFTOVER = re.compile(r"\..+\.\d+\.[0-9a-f]{8}\.tmp")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class FileManager:
    """The structure of one mission's folder: standard files and whatever is below it.

    The folder is open to everyone's tools, so nothing here follows a link or trusts a name.
    """

    mission: Mission

    @property
    def root(self) -> Path:
        """Where the folder is said to be; ``_allowed`` is what may be used."""
        if self.mission.folder:
            return Path(self.mission.folder)
        return Path(settings.DATA_DIR) / "missions" / str(self.mission.pk)

    @property
    def _allowed(self) -> Path:
        """Return the root, judged anew when it is outside of the data directory.

        Raises:
            FolderNotAllowed: the installation no longer allows it, or it lies behind a link now.
        """
        return folders.allowed(self.mission.folder) if self.mission.folder else self.root

    def create(self) -> None:
        """Make the folder, durably; one that is there already is kept, one outside must be.

        Raises:
            FileOperationError: the disk refused.
        """
        if self.mission.folder:
            self.check()
            return
        try:
            self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
            sync(self.root.parent)
        except OSError as error:
            raise files.failure(error, "The mission's folder") from error

    def check(self) -> None:
        """Raise ``FileOperationError`` when the folder is not allowed, gone or read-only."""
        folders.check_usable(self._allowed)

    def read(self, path: str) -> bytes | None:
        """Return the bytes at ``path``; ``None`` where there is no file.

        Raises:
            ValidationError: the file is larger than what a mission accepts.
            FileOperationError: it is not a plain file, or the disk refused.
        """
        return self._read(path)

    def read_settled(self, path: str, *, known: Collection[str | None]) -> bytes | None:
        """Return the bytes at ``path``, not in the middle of another program's writing.

        Bytes whose hash is not ``known`` are read when nobody writes them any more, or as they are
        after a moment.

        Raises:
            ValidationError: the file is larger than what a mission accepts.
            FileOperationError: it is not a plain file, or the disk refused.
        """
        content = self._read(path)
        if content is None or sha256(content) in known:
            return content
        try:
            return self._read(path, patience=_PATIENCE)
        except files.StillWritten:
            return self._read(path)

    def _read(self, path: str, *, patience: float | None = None) -> bytes | None:
        limit = settings.PARALLAGON_MAX_FILE_SIZE
        try:
            return files.read_contained(self._allowed, path, limit=limit, patience=patience)
        except ResourceNotFoundError:
            return None
        except OSError as error:
            raise files.failure(error, path) from error

    def is_missing(self, path: str) -> bool:
        """Return whether nothing at all lies at ``path``, or a folder on the way is missing.

        Raises:
            FileOperationError: that cannot be told.
        """
        try:
            with files.open_parent(self._allowed, path) as (folder, name):
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, ResourceNotFoundError):
            return True
        except OSError as error:
            raise files.failure(error, path) from error
        return False

    def write(self, path: str, content: bytes) -> None:
        """Put ``content`` at ``path``, whole and durable, whatever lies there now.

        Raises:
            FileOperationError: the folder or the disk refused; the old file is as it was.
        """
        try:
            files.replace_contained(self._allowed, path, content)
        except ResourceNotFoundError as error:
            raise FileOperationError(error.message, path=path) from error
        except OSError as error:
            raise files.failure(error, path) from error

    def remove(self, path: str) -> None:
        """Remove the file at ``path``, if there is one, and the folders that it leaves empty.

        Raises:
            FileOperationError: the folder or the disk refused.
        """
        files.remove_contained(self._allowed, path)
        self.remove_empty_folders(path)

    def swap(self, path: str, content: bytes, *, before: str | None) -> Displaced | None:
        """Put ``content`` at ``path``, whole and durable, making the folders on the way.

        Args:
            path: of the file.
            content: its bytes from now on.
            before: the hash of what should lie there now; ``None`` for nothing.

        Returns:
            What did lie there, for the caller to look at and drop.

        Raises:
            FileOperationError: the folder or the disk refused; the old file is as it was.
        """
        displaced = Displaced.for_path(path, before)
        try:
            is_kept = files.swap_contained(self._allowed, path, content, keep=displaced.name)
        except ResourceNotFoundError as error:
            raise FileOperationError(error.message, path=path) from error
        except OSError as error:
            raise files.failure(error, path) from error
        return displaced if is_kept else None

    def take_away(self, path: str, *, before: str | None) -> Displaced | None:
        """Remove the file at ``path``, if there is one; return what it was, as ``swap`` does.

        Raises:
            FileOperationError: the folder or the disk refused.
        """
        displaced = Displaced.for_path(path, before)
        is_kept = files.remove_contained(self._allowed, path, keep=displaced.name)
        return displaced if is_kept else None

    def remove_empty_folders(self, path: str) -> None:
        """Remove the folders on the way to ``path`` that hold nothing."""
        files.remove_empty_folders(self._allowed, path)

    def read_displaced(self, displaced: Displaced) -> bytes | None:
        """Return what was displaced, once nobody writes it any more; ``None`` where it is gone.

        Raises:
            ValidationError: it is larger than what a mission accepts.
            StillWritten: a program that had opened it before goes on writing it.
            FileOperationError: it is not a plain file, or the disk refused.
        """
        return self._read(displaced.kept, patience=_PATIENCE)

    def drop(self, displaced: Displaced) -> None:
        """Remove what was displaced: it is known, or has become a revision.

        Nobody waits for the disk: back after a power cut, it is swept as known.

        Raises:
            FileOperationError: the folder or the disk refused.
        """
        try:
            with files.open_parent(self._allowed, displaced.kept) as (folder, name):
                os.unlink(name, dir_fd=folder)
        except (FileNotFoundError, ResourceNotFoundError):
            return
        except OSError as error:
            raise files.failure(error, displaced.path) from error

    def write_missing(self, path: str, content: bytes) -> None:
        """Put ``content`` at ``path``, unless another program put something there meanwhile.

        Raises:
            FileOperationError: the folder or the disk refused.
        """
        displaced = self.swap(path, content, before=None)
        if displaced is None:
            return
        try:
            with files.open_parent(self._allowed, displaced.path) as (folder, name):
                os.replace(displaced.name, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
        except OSError as error:
            raise files.failure(error, path) from error

    def set_aside(self, path: str, *, instead_of: str | None = None) -> str:
        """Rename what another program left at ``path`` to a name that no agent sees; return it.

        Nothing is copied, so it works for any size, and the bytes stay where their author looks.
        ``instead_of`` is the path by which their author knows them.

        Raises:
            FileOperationError: the folder refused.
        """
        known_as = Path(instead_of or path)
        try:
            with files.open_parent(self._allowed, path) as (folder, name):
                aside = f"{known_as.name}.{os.urandom(4).hex()}.aside"
                os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
        except ResourceNotFoundError as error:
            raise FileOperationError(error.message, path=path) from error
        except OSError as error:
            raise files.failure(error, path) from error
        return str(known_as.with_name(aside))

    def sweep(self, path: str) -> list[Displaced]:
        """Remove halves that a killed process left beside ``path``; only under the write lock.

        Returns:
            What was displaced in that folder, and at which nobody has looked yet.
        """
        left: list[Displaced] = []
        with (
            contextlib.suppress(OSError, ResourceNotFoundError, FileOperationError),
            files.open_parent(self._allowed, path) as (folder, _name),
            os.scandir(folder) as entries,
        ):
            for entry in entries:
                if _LEFTOVER.fullmatch(entry.name):
                    os.unlink(entry.name, dir_fd=folder)
                displaced = Displaced.at(str(Path(path).with_name(entry.name)))
                if displaced:
                    left.append(displaced)
        return left

    def leftovers(self, *, older_than: float) -> list[str]:
        """Return where killed processes left temporary files before a moment (Unix seconds)."""
        found = []
        for folder, _names, others in os.walk(self.root):
            for name in filter(_LEFTOVER.fullmatch, others):
                path = Path(folder, name)
                with contextlib.suppress(OSError):
                    if path.lstat().st_mtime < older_than:
                        found.append(path.relative_to(self.root).as_posix())
        return sorted(found)

    def scan(self) -> list[str]:
        """Return the paths of the plain files that a mission may hold, sorted, at most 10,000.

        Links, devices, FIFOs, files with a second name, hidden and oddly named ones are left out.
        """
        found: list[str] = []
        with contextlib.suppress(OSError, FileOperationError):
            for path, is_fit in self._entries():
                if is_fit:
                    found.append(path)
                    if len(found) >= MOST_FILES:
                        break
        return sorted(found)

    def survey(self) -> tuple[list[str], list[str]]:
        """Return the paths that ``scan`` gives, and those of the files that it leaves out.

        What is hidden is in neither.

        Raises:
            TooLarge: there are more than 10,000 files.
            FileOperationError: the folder cannot be read.
        """
        fit: list[str] = []
        unfit: list[str] = []
        try:
            for path, is_fit in self._entries():
                (fit if is_fit else unfit).append(path)
                if len(fit) + len(unfit) > MOST_FILES:
                    sentence = _("This folder holds more than %(most)s files.")
                    raise TooLarge(sentence % {"most": MOST_FILES}, limit=MOST_FILES)
        except OSError as error:
            raise files.failure(error, str(self.root)) from error
        return sorted(fit), sorted(unfit)

    def prune(self) -> None:
        """Remove the empty folders in a folder of the data directory, itself too if it is empty."""
        for folder, *_names in os.walk(self.root, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()

    def _entries(self) -> Iterator[tuple[str, bool]]:
        """Yield the path of each file that is not hidden, and whether a mission may hold it."""
        for path, status in walk.entries(self._allowed):
            is_hidden = path.rpartition("/")[2].startswith(".")
            if not stat.S_ISDIR(status.st_mode) and not is_hidden:
                yield path, walk.is_fit(path, status)

    def look_around(self, *, known: Container[str]) -> walk.Sight:
        """Return what the folder holds, with what the system tells of it; nothing is opened.

        ``known`` are paths that need not be judged again.

        Raises:
            FileOperationError: the folder is not allowed, gone, or cannot be read.
        """
        try:
            return walk.look_around(self._allowed, most=MOST_FILES, known=known)
        except OSError as error:
            raise files.failure(error, str(self.root)) from error
