"""The file of a backup: a compressed tar whose last member says the hash of every other one.

::

    manifest.json             format, moment, migrations
    rows/missions.mission     lines of JSON, one a row
    blobs/3f/3fa9…            contents, as they lie in the store
    runs/…                    logs and transcripts of runs
    sums                      "hash  name", one a line
"""

import contextlib
import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Final, Self

from missions.storage import BlobStore
from parallagon.core.errors import FileOperationError, ParallagonError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SUMS: Final = "sums"
ROWS: Final = "rows/"
BLOBS: Final = "blobs/"
RUNS: Final = "runs/"


class BackupDamaged(ParallagonError):  # noqa: N818 - says what was found
    """The archive is not whole, or is none of Parallagon's."""

    code = "backup_damaged"


class Writer:
    """Adds members to an archive and remembers their hashes; a context, whole once it has ended."""

    def __init__(self, file: IO[bytes]) -> None:
        self._packed = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=3)
        self._tar = tarfile.open(fileobj=self._packed, mode="w")  # noqa: SIM115
        self._sums: list[str] = []

    def add(self, name: str, content: bytes) -> None:
        """Add a member from memory."""
        self._sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
        self._put(name, len(content), io.BytesIO(content))

    def add_file(self, name: str, file: IO[bytes]) -> None:
        """Add a member from a file that may be large and stands still."""
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._sums.append(f"{_digest(file)}  {name}\n")
        file.seek(0)
        self._put(name, size, file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            sums = "".join(self._sums).encode()
            self._put(SUMS, len(sums), io.BytesIO(sums))
            self._tar.close()
            self._packed.close()
        else:
            with contextlib.suppress(OSError):  # it is thrown away
                self._packed.close()

    def _put(self, name: str, size: int, content: IO[bytes]) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, content)


@dataclass(frozen=True)
class Archive:
    """A backup to read: first to the end, to learn whether it is whole, then again."""

    path: Path

    def verify(self) -> dict[str, Any]:
        """Read everything, compare every hash, and return the manifest.

        Raises:
            BackupDamaged: something is missing, cut or changed.
            FileOperationError: it cannot be read.
        """
        with self._foreseen():
            return self._verify()

    def _verify(self) -> dict[str, Any]:
        sums: dict[str, str] = {}
        said: dict[str, str] = {}
        manifest: dict[str, Any] = {}
        for name, content in self.members():
            if name == SUMS:
                said = _read_sums(content.read())
                continue
            if name in sums:
                raise BackupDamaged(f"{self.path} holds {name} twice.")
            if name == MANIFEST:
                content, manifest = _read_manifest(content)
            sums[name] = _sum(name, content)
        if not manifest or said != sums:
            wrong = sorted(name for name in {*said, *sums} if said.get(name) != sums.get(name))
            shown = ", ".join(wrong[:3]) or "its beginning"
            raise BackupDamaged(f"{self.path} is not whole: {shown} is missing or differs.")
        return manifest

    def members(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield every member's name with its content, in order; read one before the next.

        Raises:
            BackupDamaged: it is no archive of Parallagon's, or cut.
            FileOperationError: it cannot be read.
        """
        with self._foreseen(), tarfile.open(self.path, mode="r|gz") as tar:
            for member in tar:
                content = tar.extractfile(member) if _is_plain(member) else None
                if content is None:
                    raise BackupDamaged(f"{self.path} holds {member.name}, which is no file.")
                yield member.name, content

    @contextlib.contextmanager
    def _foreseen(self) -> Iterator[None]:
        """Say in our words what is wrong with the file, while it is read."""
        try:
            yield
        except OSError as error:
            if isinstance(error, tarfile.TarError) or error.errno is None:
                raise self._damaged(error) from error
            raise FileOperationError(f"{self.path} cannot be read: {error.strerror}.") from error
        except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> BackupDamaged:
        return BackupDamaged(f"{self.path} is no backup, or is cut: {error}.")


def _is_plain(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    return member.isfile() and not path.is_absolute() and ".." not in path.parts


def _read_sums(text: bytes) -> dict[str, str]:
    lines = text.decode("utf-8", "replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _read_manifest(content: IO[bytes]) -> tuple[IO[bytes], dict[str, Any]]:
    text = content.read()
    manifest = json.loads(text)
    if manifest.get("format") != FORMAT:
        raise BackupDamaged("This backup has a format that this version does not know.")
    return io.BytesIO(text), manifest


def _sum(name: str, content: IO[bytes]) -> str:
    """Return the hash of a member; one of a content must hold what its name says, too."""
    if not name.startswith(BLOBS):
        return _digest(content)
    packed = content.read()
    try:
        BlobStore.unpack(PurePosixPath(name).name, packed)
    except FileOperationError as error:
        raise BackupDamaged(f"{name} in this backup is damaged.") from error
    return hashlib.sha256(packed).hexdigest()


def _digest(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := content.read(1024 * 1024):
        digest.update(piece)
    return digest.hexdigest()
