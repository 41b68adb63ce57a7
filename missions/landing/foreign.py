"""Step 3 of a landing: what other programs wrote in the folder becomes part of the history.

A file that is missing from the folder is not a removal: editors replace a file by way of a moment
without it. The next landing of that file puts it back, unless the watcher has seen it stay away.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from missions import events
from missions.authors import Author
from missions.content import check_bytes
from missions.landing.commit import Operation, Transaction, Write
from missions.landing.current import Current, load, present_paths
from missions.landing.terms import Landing
from missions.locks import ensure_held
from missions.models import Revision
from missions.paths import clash
from missions.storage import BlobStore, FileManager, sha256
from parallagon.core import telemetry
from parallagon.core.errors import FileOperationError, ParallagonError, ValidationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is current, and the hash of what lies in the folder, path by path.

    ``untaken`` are the paths of foreign files that stay as they are: their names are taken but for
    their case.
    """

    current: Mapping[str, Current]
    on_disk: Mapping[str, str | None]
    set_aside: tuple[tuple[str, str], ...] = ()
    untaken: frozenset[str] = frozenset()
    revisions: tuple[Revision, ...] = ()  # what was taken in


@dataclass(kw_only=True)
class _Seen:
    on_disk: dict[str, str | None] = field(default_factory=dict)
    foreign: dict[str, bytes] = field(default_factory=dict)
    aside: list[tuple[str, str]] = field(default_factory=list)
    untaken: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class TakeIn:
    """Look at files of the folder and make revisions by ``external`` of what nobody landed.

    Attributes:
        expected: path → hashes that open landing records account for.
        is_strict: raise for what is not a plain file, instead of leaving it as it is.
        sets_aside: rename what cannot be a revision and put the current text back, instead of
            leaving it as it is.
    """

    folder: FileManager
    store: BlobStore
    now: datetime
    expected: Mapping[str, Collection[str | None]]
    is_strict: bool = True
    sets_aside: bool = True

    def look(self, paths: Sequence[str], *, meant: Mapping[str, int] | None = None) -> Found:
        """Take in what is found at ``paths``; ``meant`` as in ``load``.

        Raises:
            FileOperationError: the folder is gone or read-only, or a file is not a plain one.
        """
        with telemetry.span("landing.look", foreseen=(ParallagonError,)):
            return self._look(paths, meant)

    def _look(self, paths: Sequence[str], meant: Mapping[str, int] | None) -> Found:
        self.folder.check()
        mission_id = self.folder.mission.pk
        current = load(mission_id, paths, meant=meant)
        seen = _Seen()
        for path in paths:
            self._look_at(current[path], seen)
        revisions = self._keep(current, seen)
        if revisions:
            current = load(mission_id, paths, meant=meant)
        return Found(
            current=current,
            on_disk=seen.on_disk,
            set_aside=tuple(seen.aside),
            untaken=frozenset(seen.untaken),
            revisions=revisions,
        )

    def _look_at(self, current: Current, seen: _Seen) -> None:
        path = current.path
        seen.on_disk[path] = current.hash
        try:
            known = (None, current.hash, *self.expected.get(path, ()))
            content = self.folder.read_settled(path, known=known)
            found = None if content is None else sha256(content)
            if current.is_elsewhere:  # where case does not count, that same file is read here
                seen.untaken.update([path] if found not in known else [])
                return
            seen.on_disk[path] = found
            if content is not None and found not in known:
                check_bytes(path, content, allow_invalid=True)
                seen.foreign[path] = content
        except ValidationError as error:
            seen.on_disk[path] = current.hash
            self._refuse(current, seen, error)
        except FileOperationError as error:
            if self.is_strict:
                raise
            logger.warning("left as it is: %s", error.message)

    def _refuse(self, current: Current, seen: _Seen, error: ValidationError) -> None:
        """Leave what cannot be a revision, or put it aside where the place is needed."""
        if current.is_elsewhere:
            seen.untaken.add(current.path)
        elif self.sets_aside:
            aside = set_aside(self.folder, self.store, current, error.message, now=self.now)
            seen.aside.append((current.path, aside))
        else:
            logger.warning("left as it is: %s", error.message)

    def _keep(self, current: Mapping[str, Current], seen: _Seen) -> tuple[Revision, ...]:
        if not seen.foreign:
            return ()
        present = present_paths(self.folder.mission.pk)
        writes = []
        for path, content in seen.foreign.items():
            if current[path].hash is None and (other := clash(path, present)):
                seen.untaken.add(path)
                logger.warning("%s is not taken in: it differs from %s only by case", path, other)
                continue
            self.store.put(content)
            writes.append(external_write(current[path], content, on_disk=sha256(content)))
        return take(self.folder, writes, now=self.now) if writes else ()


def external_write(current: Current, content: bytes, *, on_disk: str | None) -> Write:
    """Return the revision that another program's bytes become."""
    operation = Operation.CREATE if current.hash is None else Operation.WRITE
    return Write(current=current, content=content, on_disk=on_disk, operation=operation)


def take(folder: FileManager, writes: Sequence[Write], *, now: datetime) -> tuple[Revision, ...]:
    """Commit what another program did, and return the revisions."""
    external = Transaction(mission=folder.mission, author=Author.EXTERNAL, now=now, writes=writes)
    revisions = external.commit(Landing()).revisions
    logger.info("took in what another program did: %s", ", ".join(w.path for w in writes))
    return revisions


def set_aside(
    folder: FileManager, store: BlobStore, current: Current, reason: str, *, now: datetime
) -> str:
    """Rename what cannot be a revision, put the current text back, and return the new name."""
    ensure_held(folder.mission.pk)
    aside = folder.set_aside(current.path)
    if current.hash:
        folder.write_missing(current.path, store.get(current.hash))
    tell_aside(folder.mission.pk, current.path, aside=aside, reason=reason, now=now)
    return aside


def tell_aside(mission_id: int, path: str, *, aside: str, reason: str, now: datetime) -> None:
    """Tell everyone that what another program saved at ``path`` lies beside it now, and why."""
    logger.warning("another program's file was set aside as %s: %s", aside, reason)
    data = {"path": path, "aside": aside, "reason": reason}
    with transaction.atomic():
        events.publish(mission_id, "file.set_aside", data, at=now)
