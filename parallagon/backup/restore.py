"""Restore a backup into an installation that has nothing of its own yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.db import transaction

from missions import integrity
from missions.models import Mission
from missions.storage import BlobStore, FileManager
from parallagon.accounts.models import User
from parallagon.backup import rows
from parallagon.backup.archive import BLOBS, ROWS, RUNS, Archive, BackupDamaged
from parallagon.core.errors import Conflict
from parallagon.core.services import BaseService


class NotEmpty(Conflict):
    """There are accounts, missions or files already: nothing is overwritten."""

    code = "not_empty"


class OtherVersion(Conflict):
    """The backup was made by another version of Parallagon."""

    code = "other_version"


@dataclass(frozen=True, kw_only=True)
class Restore(BaseService[integrity.Report]):
    """Bring everything back; return what a comparison of files, contents and rows has found.

    Everything is read and compared once before anything is written; rows come last, in one
    transaction, so that a restore which was cut can be begun again.

    Raises (from ``execute``):
        NotEmpty: the installation has accounts, missions or mission folders.
        OtherVersion: its tables are not those of the backup.
        BackupDamaged: the archive is not whole.
    """

    operation = "parallagon.backup.restore"
    file: Path
    now: datetime

    def _validate_input(self) -> None:
        folders = Path(settings.DATA_DIR) / "missions"
        if User.objects.exists() or Mission.objects.exists():
            raise NotEmpty("This database has accounts or missions: restore into an empty one.")
        if folders.is_dir() and any(folders.iterdir()):
            raise NotEmpty(f"There are missions in {folders}: restore into an empty folder.")

    def _perform(self) -> integrity.Report:
        archive = Archive(self.file)
        self._check_version(archive.verify())
        # A content under its own hash is right whoever put it there.
        for name, content in archive.members():
            if name.startswith(BLOBS):
                packed = content.read()
                BlobStore().put(BlobStore.unpack(PurePosixPath(name).name, packed))
            elif name.startswith(RUNS):
                _write(Path(settings.DATA_DIR) / name, content)
        with transaction.atomic(durable=True):
            rows.clear()
            for name, content in archive.members():
                if name.startswith(ROWS):
                    rows.insert(_lines(content))
            rows.reset_sequences()
        for mission in Mission.objects.filter(folder="").exclude(state=Mission.State.DELETED):
            FileManager(mission).create()
        return integrity.sweep(now=self.now, everything=True)

    def _check_version(self, manifest: dict[str, Any]) -> None:
        there, here = set(manifest["migrations"]), set(rows.migrations())
        if there != here:
            one = min(there ^ here)
            where = "this installation" if one in here else "the backup"
            raise OtherVersion(
                f"The backup was made by another version of Parallagon: only {where} has {one}. "
                "Restore with the version that made it, then upgrade."
            )


def _lines(content: IO[bytes]) -> Iterator[str]:
    for line in content:
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise BackupDamaged("The backup holds a row that is no text.") from error


def _write(file: Path, content: IO[bytes]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.read())
