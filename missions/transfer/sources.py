"""What a person brings: names with bytes behind them, wherever they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from parallagon.core.errors import ValidationError


class BadArchive(ValidationError):  # noqa: N818 - says what is wrong
    """What was brought is damaged, hostile, or more than is taken in."""

    code = "bad_archive"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is taken in: bytes of the archive, of everything in it unpacked, and entries.

    A mission's texts together may have as many bytes as the archive: they are held in memory.
    """

    archive: int
    unpacked: int
    entries: int
    files: int = 2_000
    history: int = 16 * 1024 * 1024  # bytes of the list of revisions

    @classmethod
    def of_uploads(cls) -> "Limits":
        """Return what anyone who is signed in may send."""
        most = settings.PARALLAGON_MAX_IMPORT_SIZE
        return cls(archive=most, unpacked=8 * most, entries=10_000)

    @classmethod
    def of_operators(cls) -> "Limits":
        """Return what someone with a shell on this machine may bring."""
        gibibyte = 1024**3
        return cls(
            archive=gibibyte,
            unpacked=16 * gibibyte,
            entries=500_000,
            files=10_000,
            history=128 * 1024 * 1024,
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One name and how many bytes are said to be behind it; a folder's name ends with “/”."""

    name: str
    size: int

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


class Source(Protocol):
    """A ZIP or a folder that was opened and looked through."""

    limits: Limits

    @property
    def entries(self) -> Sequence[Entry]: ...

    def read(self, entry: Entry) -> bytes:
        """Return exactly ``entry.size`` bytes.

        Raises:
            BadArchive: something else is there.
        """
        ...
