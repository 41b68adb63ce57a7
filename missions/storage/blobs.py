"""The store of all contents that ever landed."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import zstandard
from django.conf import settings

from missions.content import TextContent, decode
from missions.storage.durable import sha256, sync
from parallagon.core import files
from parallagon.core.errors import FileOperationError

_LEVEL = 3  # zstd: half the size of text at 300 MB/s
_HASH = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Contents by their SHA-256, compressed, each written once."""

    @property
    def root(self) -> Path:
        return Path(settings.DATA_DIR) / "blobs"

    def put(self, content: bytes) -> str:
        """Keep ``content``, durably, and return its hash.

        Raises:
            FileOperationError: the disk refused; nothing is left behind.
        """
        name = sha256(content)
        try:
            shard = self._shard(name)
            try:
                os.utime(shard / name)  # young again: nobody takes it for a leftover
            except FileNotFoundError:
                self._write(shard, name, content)
        except FileOperationError as error:
            raise FileOperationError(
                f"The content cannot be stored: {error.message}", **error.details
            ) from error
        except OSError as error:
            raise files.failure(error, "The content") from error
        return name

    def get(self, name: str) -> bytes:
        """Return the bytes whose hash is ``name``.

        Raises:
            FileOperationError: they are missing or damaged.
        """
        return self.unpack(name, self.packed(name))

    def text(self, name: str) -> TextContent:
        """Return the decoded text of the bytes whose hash is ``name``.

        Raises:
            FileOperationError: they are missing or damaged.
            ValidationError: they are not text.
        """
        return decode(self.get(name))

    def packed(self, name: str) -> bytes:
        """Return the compressed bytes of ``name`` as they lie on disk, unchecked.

        Raises:
            FileOperationError: they are missing.
        """
        try:
            return (self.root / name[:2] / name).read_bytes()
        except OSError as error:
            raise _unusable(name) from error

    @staticmethod
    def unpack(name: str, packed: bytes) -> bytes:
        """Return the bytes that ``packed`` holds, if their hash is ``name``.

        Raises:
            FileOperationError: it is not.
        """
        try:
            content = zstandard.ZstdDecompressor().decompress(packed)
        except (zstandard.ZstdError, MemoryError) as error:  # a damaged size may be enormous
            raise _unusable(name) from error
        if sha256(content) != name:
            raise _unusable(name)
        return content

    def replace(self, content: bytes) -> None:
        """Keep ``content`` in place of what is damaged.

        Raises:
            FileOperationError: the disk refused.
        """
        name = sha256(content)
        self._write(self._shard(name), name, content)

    def _write(self, shard: Path, name: str, content: bytes) -> None:
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(content)
        files.replace_contained(shard, name, packed)

    # -- for those who look whether everything is there ----------------------------------------

    @staticmethod
    def shards() -> list[str]:
        """Return the names of the folders below the store, those that are not there yet too."""
        return [f"{number:02x}" for number in range(256)]

    def names(self, shard: str) -> set[str]:
        """Return the hashes of the contents in one folder of the store."""
        return {entry for entry in self._entries(shard) if _HASH.fullmatch(entry)}

    def leftovers(self, shard: str, *, older_than: float) -> list[str]:
        """Return what is no content and was left before a moment (Unix seconds)."""
        strange = (entry for entry in self._entries(shard) if not _HASH.fullmatch(entry))
        return sorted(entry for entry in strange if self.is_older(entry, older_than, shard))

    def is_older(self, name: str, moment: float, shard: str = "") -> bool:
        """Return whether an entry was written, or met again, before ``moment`` (Unix seconds)."""
        try:
            return (self.root / (shard or name[:2]) / name).lstat().st_mtime < moment
        except OSError:
            return False

    def remove_leftover(self, shard: str, name: str) -> bool:
        """Remove what is no content; return whether it is gone."""
        try:
            (self.root / shard / name).unlink()
        except OSError:
            return False
        return True

    def remove(self, name: str, *, older_than: float, unless: Callable[[], bool]) -> bool:
        """Remove a content that nothing refers to, unless someone is just about to.

        It is first put out of reach, then looked at again: whoever stores the same content
        meanwhile either finds none and writes it, or has made this one young again.
        """
        held = self.root / name[:2] / f"{name}.removed"
        try:
            held.with_name(name).rename(held)
            if held.lstat().st_mtime >= older_than or unless():
                held.rename(held.with_name(name))
                return False
            held.unlink()
        except OSError:
            return False
        return True

    def _entries(self, shard: str) -> list[str]:
        try:
            return os.listdir(self.root / shard)  # noqa: PTH208 - names, not paths
        except FileNotFoundError:
            return []

    def _shard(self, name: str) -> Path:
        shard = self.root / name[:2]
        if not shard.is_dir():  # the first content of all: one wait for the disk instead of 256
            for each in self.shards():
                (self.root / each).mkdir(mode=0o755, parents=True, exist_ok=True)
            sync(self.root)
        return shard


def _unusable(name: str) -> FileOperationError:
    return FileOperationError(f"The content {name[:12]} is missing or damaged.", hash=name)
