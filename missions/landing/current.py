"""What is current at a path, read under the write lock, so that it stays so."""

from collections.abc import Iterable
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
    def hash(self) -> str | None:
        """Return the hash of the bytes; ``None`` where there is no file (any more)."""
        return self.revision.blob_id if self.revision else None

    @property
    def number(self) -> int:
        return self.revision.number if self.revision else 0

    def content(self, store: BlobStore) -> TextContent | None:
        return store.text(self.hash) if self.hash else None


def load(mission_id: int, paths: Iterable[str] | None = None) -> dict[str, Current]:
    """Return what is current at each of ``paths``, or at every path the mission ever had."""
    files = MissionFile.objects.filter(mission_id=mission_id).select_related("current")
    files = files.order_by("-is_removed", "pk")  # the last of a path is the one that is there
    if paths is None:
        return {file.path: _current(file.path, file) for file in files}
    wanted = list(paths)
    by_key = {file.path_key: file for file in files.filter(path_key__in=map(path_key, wanted))}
    return {path: _current(path, by_key.get(path_key(path))) for path in wanted}


def _current(path: str, file: MissionFile | None) -> Current:
    return Current(path=path, file=file, revision=file.current if file else None)


def present_paths(mission_id: int) -> list[str]:
    """Return the paths of the files that are there."""
    files = MissionFile.objects.filter(mission_id=mission_id).present()
    return list(files.values_list("path", flat=True))
