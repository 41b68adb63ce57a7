"""What is current at a path, read under the write lock, so that it stays so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from missions.content import TextContent
from missions.models import MissionFile, Revision
from missions.paths import path_key
from missions.storage import BlobStore


@dataclass(frozen=True, kw_only=True)
class Current:
    """The file at a path, if there ever was one, and its last revision."""

    path: str
    file: MissionFile | None = None
    revision: Revision | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Return whether the file is there under a name that differs by case only."""
        return self.hash is not None and self.file is not None and self.file.path != self.path

    @property
    def hash(self) -> str | None:
        """Return the hash of the bytes; ``None`` where there is no file (any more)."""
        return self.revision.blob_id if self.revision else None

    @property
    def number(self) -> int:
        return self.revision.number if self.revision else 0

    def content(self, store: BlobStore) -> TextContent | None:
        return store.text(self.hash) if self.hash else None


def load(
    mission_id: int, paths: Iterable[str], *, meant: Mapping[str, int] | None = None
) -> dict[str, Current]:
    """Return what is current at each of ``paths``, spelled like that or with other case.

    ``meant`` names, by path, the removed file that counts where several were.
    """
    wanted, meant = list(paths), meant or {}
    files = MissionFile.objects.filter(mission_id=mission_id).select_related("current")
    files = files.order_by("-is_removed", "pk")  # the last of a path is the one that is there
    by_key: dict[str, list[MissionFile]] = {}
    for file in files.filter(path_key__in=map(path_key, wanted)):
        by_key.setdefault(file.path_key, []).append(file)
    return {
        path: _current(path, _choose(by_key.get(path_key(path), []), meant.get(path)))
        for path in wanted
    }


def load_exactly(mission_id: int, paths: Iterable[str]) -> dict[str, Current]:
    """Return what belongs at each of ``paths``: nothing where a file is spelled otherwise."""
    return {
        path: Current(path=path) if current.is_elsewhere else current
        for path, current in load(mission_id, paths).items()
    }


def _choose(files: list[MissionFile], meant: int | None) -> MissionFile | None:
    if not files:
        return None
    chosen = (file for file in files if file.pk == meant)
    return files[-1] if not files[-1].is_removed else next(chosen, files[-1])


def _current(path: str, file: MissionFile | None) -> Current:
    return Current(path=path, file=file, revision=file.current if file else None)


def present_paths(mission_id: int) -> list[str]:
    """Return the paths of the files that are there."""
    files = MissionFile.objects.filter(mission_id=mission_id).present()
    return list(files.values_list("path", flat=True))
