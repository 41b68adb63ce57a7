"""Step 3 of a landing: what other programs wrote in the folder becomes part of the history.

A file that is missing from the folder is not a removal: editors replace a file by way of a moment
without it. The next landing of that file puts it back.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from missions.authors import Author
from missions.content import check_bytes
from missions.landing.commit import Operation, Transaction, Write
from missions.landing.current import Current, load, present_paths
from missions.landing.terms import Landing
from missions.paths import clash
from missions.storage import BlobStore, FileManager, sha256
from parallagon.core.errors import FileOperationError, ValidationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is current, and the hash of what lies in the folder, path by path."""

    current: Mapping[str, Current]
    on_disk: Mapping[str, str | None]
    set_aside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class TakeIn:
    """Look at files of the folder and make revisions by ``external`` of what nobody landed.

    Attributes:
        expected: path → hashes that open landing records account for.
        is_strict: raise for what is not a plain file, instead of leaving it as it is.
    """

    folder: FileManager
    store: BlobStore
    now: datetime
    expected: Mapping[str, Collection[str | None]]
    is_strict: bool = True

    def look(self, paths: Sequence[str]) -> Found:
        """Take in what is found at ``paths``.

        Raises:
            FileOperationError: the folder is gone or read-only, or a file is not a plain one.
        """
        self.folder.check()
        mission_id = self.folder.mission.pk
        current = load(mission_id, paths)
        on_disk: dict[str, str | None] = {}
        foreign: dict[str, bytes] = {}
        aside: list[tuple[str, str]] = []
        for path in paths:
            self._look_at(current[path], on_disk, foreign, aside)
        if foreign and self._keep(current, foreign):
            current = load(mission_id, paths)
        return Found(current=current, on_disk=on_disk, set_aside=tuple(aside))

    def _look_at(
        self,
        current: Current,
        on_disk: dict[str, str | None],
        foreign: dict[str, bytes],
        aside: list[tuple[str, str]],
    ) -> None:
        path = current.path
        on_disk[path] = current.hash
        if current.hash and current.file and current.file.path != path:
            return  # the same name but for its case: another file, or the same, who knows
        try:
            content = self.folder.read(path)
            on_disk[path] = None if content is None else sha256(content)
            known = (None, current.hash, *self.expected.get(path, ()))
            if content is not None and on_disk[path] not in known:
                check_bytes(path, content, allow_invalid=True)
                foreign[path] = content
        except ValidationError as error:
            aside.append((path, set_aside(self.folder, self.store, current, error.message)))
            on_disk[path] = current.hash
        except FileOperationError as error:
            if self.is_strict:
                raise
            logger.warning("left as it is: %s", error.message)

    def _keep(self, current: Mapping[str, Current], foreign: Mapping[str, bytes]) -> bool:
        present = present_paths(self.folder.mission.pk)
        writes = []
        for path, content in foreign.items():
            if current[path].hash is None and (other := clash(path, present)):
                logger.warning("%s is not taken in: it differs from %s only by case", path, other)
                continue
            self.store.put(content)
            writes.append(external_write(current[path], content, on_disk=sha256(content)))
        if not writes:
            return False
        take(self.folder, writes, now=self.now)
        return True


def external_write(current: Current, content: bytes, *, on_disk: str) -> Write:
    """Return the revision that another program's bytes become."""
    operation = Operation.CREATE if current.hash is None else Operation.WRITE
    return Write(current=current, content=content, on_disk=on_disk, operation=operation)


def take(folder: FileManager, writes: Sequence[Write], *, now: datetime) -> None:
    """Commit what another program wrote."""
    Transaction(mission=folder.mission, author=Author.EXTERNAL, now=now, writes=writes).commit(
        Landing()
    )
    logger.info("took in what another program wrote: %s", ", ".join(w.path for w in writes))


def set_aside(folder: FileManager, store: BlobStore, current: Current, reason: str) -> str:
    """Rename what cannot be a revision, put the current text back, and return the new name."""
    aside = folder.set_aside(current.path)
    if current.hash:
        folder.write(current.path, store.get(current.hash))
    logger.warning("another program's file was set aside as %s: %s", aside, reason)
    return aside
