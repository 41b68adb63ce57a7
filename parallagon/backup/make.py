"""Make a backup while everything goes on: rows as of one moment, then the contents they name."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings

from missions.models import Blob
from missions.storage import BlobStore
from missions.storage.durable import sync
from parallagon.backup import rows
from parallagon.backup.archive import BLOBS, FORMAT, MANIFEST, ROWS, RUNS, Archive, Writer
from parallagon.core.errors import Conflict, FileOperationError
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class BackUp(BaseService[int]):
    """Write everything that the installation keeps into one new file; return its size in bytes.

    Contents are only ever added, so those that the rows of a moment name are there after it. Not
    in it: keys and other secrets, sessions, and what other programs have in mission folders that
    no revision has taken in yet.

    Raises (from ``execute``):
        Conflict: the file is there already; it is never replaced.
        FileOperationError: the disk refused, or a content is missing.
    """

    operation = "parallagon.backup.make"
    file: Path
    now: datetime

    def _validate_input(self) -> None:
        if self.file.exists():
            raise Conflict(f"{self.file} is there already: name another file.")

    def _perform(self) -> int:
        try:
            with _draft(self.file) as draft:
                with Writer(draft) as writer:
                    self._write(writer)
                draft.flush()
                os.fsync(draft.fileno())
                Archive(Path(draft.name)).verify()
                _publish(Path(draft.name), self.file)
        except OSError as error:
            reason = error.strerror or "refused"
            raise FileOperationError(f"{self.file} cannot be written: {reason}.") from error
        return self.file.stat().st_size

    def _write(self, writer: Writer) -> None:
        with rows.snapshot():
            manifest = {
                "format": FORMAT,
                "made_at": self.now.isoformat(),
                "migrations": rows.migrations(),
            }
            writer.add(MANIFEST, json.dumps(manifest, indent=1).encode())
            for model in rows.kept_models():
                with tempfile.TemporaryFile(dir=self.file.parent) as lines:
                    for line in rows.lines_of(model):
                        lines.write(line.encode())
                    writer.add_file(f"{ROWS}{rows.label(model)}", lines)
            names = Blob.objects.order_by("hash").values_list("hash", flat=True)
            for name in names.iterator(chunk_size=2000):
                writer.add(f"{BLOBS}{name[:2]}/{name}", BlobStore().packed(name))
        for name, file in _logs_of_runs():
            with contextlib.suppress(FileNotFoundError):  # pruned meanwhile
                writer.add(name, file.read_bytes())


def _logs_of_runs() -> Iterator[tuple[str, Path]]:
    root = Path(settings.DATA_DIR) / "runs"
    for file in sorted(root.rglob("*")):
        if file.is_file() and not file.is_symlink():
            yield f"{RUNS}{file.relative_to(root).as_posix()}", file


@contextlib.contextmanager
def _draft(file: Path) -> Iterator[IO[bytes]]:
    """Open a file beside the one to make, for nobody else to read; it goes away in the end."""
    draft = tempfile.NamedTemporaryFile(  # noqa: SIM115 - it is a context, with its own name
        dir=file.parent, prefix=f".{file.name}.", suffix=".part"
    )
    with draft, contextlib.suppress(FileNotFoundError):
        yield draft


def _publish(draft: Path, file: Path) -> None:
    """Give a whole file its name, unless another one has got it meanwhile."""
    try:
        file.hardlink_to(draft)
    except FileExistsError as error:
        raise Conflict(f"{file} is there already: name another file.") from error
    sync(file.parent)
