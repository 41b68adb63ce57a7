"""Whether a mission's folder holds what its revisions say.

Files are read and hashed without any lock, so that nobody waits; what looks wrong is looked at
once more under the write lock, a few files at a time, and only then mended.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from missions.content import check_bytes
from missions.integrity.findings import Finding, Kind
from missions.landing.current import load
from missions.landing.foreign import TakeIn
from missions.landing.place import folder_of
from missions.landing.recovery import roll_forward
from missions.locks import write_lock
from missions.models import Mission, MissionFile
from missions.storage import BlobStore, FileManager, sha256
from parallagon.core.errors import FileOperationError, ParallagonError, ValidationError

AT_ONCE = 20  # files that are mended while a save has to wait


@dataclass(frozen=True, kw_only=True)
class FolderCheck:
    """Compare one mission's folder with its revisions."""

    mission: Mission
    mends: bool
    now: datetime

    @property
    def folder(self) -> FileManager:
        return FileManager(self.mission)

    def look(self) -> tuple[int, list[Finding]]:
        """Return how many files were compared, and what was found."""
        gone = list(self._folder_gone())
        if gone and not gone[0].is_mended:
            return 0, gone
        present = MissionFile.objects.filter(mission=self.mission).present()
        known = dict(present.values_list("path", "current__blob_id"))
        suspects = list(self._suspects(known))
        found = [
            finding
            for start in range(0, len(suspects), AT_ONCE)
            for finding in self._confirm(suspects[start : start + AT_ONCE])
        ]
        return len(known), [*gone, *found, *self._leftovers()]

    def _folder_gone(self) -> Iterator[Finding]:
        if self.folder.root.is_dir():
            return
        is_mended = False
        if self.mends and not self.mission.folder:  # one outside comes back, or its owner moves it
            with suppress(FileOperationError):
                self.folder.create()
                is_mended = True
        yield self._finding(Kind.FOLDER_GONE, "", str(self.folder.root), is_mended=is_mended)

    def _suspects(self, known: Mapping[str, str | None]) -> Iterator[Finding]:
        for path, hash_ in known.items():
            if finding := self._compare(path, hash_):
                yield finding
        for path in self.folder.scan():
            if path not in known and self._is_text(path):
                yield self._finding(Kind.FILE_UNKNOWN, path, "nobody landed it")

    def _compare(self, path: str, hash_: str | None) -> Finding | None:
        """Return what is wrong with the file at ``path``, which should have this hash."""
        try:
            content = self.folder.read(path)
            if content is None:
                return self._finding(Kind.FILE_MISSING, path, "it is in no folder")
            if sha256(content) == hash_:
                return None
            check_bytes(path, content, allow_invalid=True)
        except ValidationError as error:
            return self._finding(Kind.FILE_NOT_TEXT, path, error.message)
        except FileOperationError as error:
            return self._finding(Kind.FILE_NOT_PLAIN, path, error.message)
        return self._finding(Kind.FILE_DIFFERS, path, f"its hash is not {str(hash_)[:12]}")

    def _is_text(self, path: str) -> bool:
        """Return whether a file that nobody landed may become one of the mission."""
        try:
            content = self.folder.read(path)
            if content is None:
                return False
            check_bytes(path, content, allow_invalid=True)
        except ParallagonError:
            return False
        return True

    def _confirm(self, suspects: Sequence[Finding]) -> list[Finding]:
        """Return the suspects that are wrong under the lock too, mended where that is wanted."""
        try:
            with write_lock(self.mission.pk):
                folder_of(self.mission)
                return self._mend(suspects)
        except ParallagonError as error:  # busy, read-only, full: the next sweep tries again
            return [replace(finding, detail=error.message) for finding in suspects]

    def _mend(self, suspects: Sequence[Finding]) -> list[Finding]:
        store = BlobStore()
        if not self.mends:
            return [finding for finding in suspects if not self._is_right(finding.path)]
        expected = roll_forward(self.folder, store, now=self.now)
        wrong = [finding for finding in suspects if not self._is_right(finding.path)]
        look = TakeIn(
            folder=self.folder, store=store, now=self.now, expected=expected, is_strict=False
        )
        current = look.look([finding.path for finding in wrong]).current
        for finding in wrong:
            if finding.kind == Kind.FILE_MISSING and (hash_ := current[finding.path].hash):
                self.folder.write_missing(finding.path, store.get(hash_))
        return [replace(one, is_mended=self._is_right(one.path)) for one in wrong]

    def _is_right(self, path: str) -> bool:
        current = load(self.mission.pk, [path])[path]
        is_known = current.hash is not None
        try:
            content = self.folder.read(path)
        except ParallagonError:
            return False
        if content is None:
            return not is_known
        return is_known and sha256(content) == current.hash

    def _leftovers(self) -> Iterator[Finding]:
        for path in self.folder.leftovers(older_than=self.now.timestamp() - 60):
            is_mended = self.mends and self._remove(path)
            yield self._finding(
                Kind.TEMPORARY_LEFT, path, "a dead process left it", is_mended=is_mended
            )

    def _remove(self, path: str) -> bool:
        try:
            with write_lock(self.mission.pk):
                self.folder.sweep(path)
        except ParallagonError:
            return False
        return path not in self.folder.leftovers(older_than=self.now.timestamp())

    def _finding(self, kind: Kind, path: str, detail: str, *, is_mended: bool = False) -> Finding:
        return Finding(
            kind=kind, mission=self.mission.pk, path=path, detail=detail, is_mended=is_mended
        )


def orphan_folders(*, mends: bool) -> Iterator[Finding]:
    """Yield the folders of the data directory that belong to no mission; empty ones go away."""
    root = Path(settings.DATA_DIR) / "missions"
    names = {entry.name for entry in root.iterdir() if entry.is_dir()} if root.is_dir() else set()
    known = {str(pk) for pk in Mission.objects.values_list("pk", flat=True)}
    for name in sorted(names - known):
        is_mended = False
        if mends:
            with suppress(OSError):
                (root / name).rmdir()
                is_mended = True
        yield Finding(
            kind=Kind.FOLDER_ORPHAN, path=name, detail="no mission has it", is_mended=is_mended
        )
