"""``manage.py mission export|import``: a mission to a file, and back from one or from a folder."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from missions.models import Mission
from missions.services.transfer import Imported, ImportMission
from missions.transfer import git, outgoing
from missions.transfer.folders import FolderSource
from missions.transfer.sources import Limits, Source
from missions.transfer.zips import ZipSource
from parallagon.core import downloads, files
from parallagon.core.errors import ResourceNotFoundError
from parallagon.management.people import find_person

ENDINGS = {"archive": ".parallagon.zip", "zip": ".zip", "git": ".bundle"}


def add_actions(actions: Any) -> None:
    """Describe both actions."""
    save: CommandParser = actions.add_parser("export", help="write a mission to a file")
    save.add_argument("mission", type=int)
    save.add_argument("path", nargs="?", help="a file or folder; here, named after it, if omitted")
    save.add_argument(
        "--as",
        dest="form",
        choices=list(ENDINGS),
        default="archive",
        help="everything (default), the files only, or a Git bundle",
    )
    bring: CommandParser = actions.add_parser("import", help="make a mission of a ZIP or a folder")
    bring.add_argument("path")
    bring.add_argument("--title")
    bring.add_argument("--request", metavar="FILE", help="if there is no demande.md in it")
    bring.add_argument("--language", choices=["en", "fr"])
    bring.add_argument("--model", default=settings.PARALLAGON_MODEL)
    bring.add_argument("--user", help="its owner; the first administrator if omitted")
    bring.add_argument("--start", action="store_true", help="start its agents")


def export_mission(number: int, path: str | None, form: str) -> Path:
    """Write a mission to a file that appears whole or not at all; return where.

    Raises:
        ResourceNotFoundError: there is no such mission.
        FileOperationError: the disk refused.
    """
    mission = Mission.objects.filter(pk=number).first()
    if mission is None:
        raise ResourceNotFoundError(f"There is no mission {number}.")
    target = Path(path or ".")
    if target.is_dir():
        target /= downloads.file_name(mission.title, ENDINGS[form])
    try:
        with _whole(target) as file:
            file.writelines(_pieces(mission, form))
    except OSError as error:
        raise files.failure(error, str(target)) from error
    return target


def _pieces(mission: Mission, form: str) -> Iterator[bytes]:
    if form == "git":
        with git.bundle_of(mission) as bundle:
            yield from downloads.FilePieces(bundle)
    else:
        items = outgoing.whole_of if form == "archive" else outgoing.contents_of
        yield from outgoing.write_zip(items(mission))


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    """Give a file that takes its name when all is in it."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def import_mission(path: Path, *, user: str | None, **wanted: Any) -> Imported:
    """Make a mission of a ZIP or a folder.

    Raises:
        ValidationError: it cannot be one; nothing was written.
        FileOperationError: it cannot be read.
    """
    with _opened(path) as source:
        return ImportMission(
            owner=find_person(user),
            source=source,
            fallback=path.resolve().stem,
            now=timezone.now(),
            **wanted,
        ).execute()


@contextmanager
def _opened(path: Path) -> Iterator[Source]:
    limits = Limits.of_operators()
    if path.is_dir():
        yield FolderSource(path.resolve(), limits=limits)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise files.failure(error, str(path)) from error
    with file:
        yield ZipSource(file, limits=limits)
