"""What another program saved while a landing was putting its own bytes in the folder.

Such a save was not there when the landing looked, so what landed does not know of it. It is merged
with what landed, and becomes a revision by ``external``; it is dropped only after that.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from missions.content import check_bytes, decode, encode
from missions.displaced import Displaced
from missions.landing.current import Current, load_exactly, present_paths
from missions.landing.foreign import external_write, take, tell_aside
from missions.merge import merge
from missions.models import Revision
from missions.paths import clash
from missions.storage import BlobStore, FileManager, sha256
from parallagon.core.errors import FileOperationError, ValidationError
from parallagon.core.files import NotAPlainFile, StillWritten

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Late:
    """Take in late saves; needs the write lock."""

    folder: FileManager
    store: BlobStore
    now: datetime
    taken_in: list[str] = field(default_factory=list)

    def look(
        self,
        displaced: Displaced,
        current: Current,
        *,
        known: Collection[str | None] | None = None,
        base: str | None = None,
    ) -> Current:
        """Look at what was displaced, drop it when nothing is lost by that.

        Args:
            displaced: what to look at.
            current: the file whose place was taken.
            known: hashes that are nobody's late save; ``None`` asks the file's history, as one
                must who finds what a dead process left.
            base: hash of what the late save began with, as far as one can tell.

        Returns:
            What is current then.
        """
        seen = None
        try:
            # Looked at until it stays the same: who had opened it before may write it still.
            while (content := self.folder.read_displaced(displaced)) is not None:
                if content == seen:
                    break
                if not self._is_known(displaced, current, content, known):
                    check_bytes(current.path, content, allow_invalid=True)
                    base = base or self._base(displaced, current)
                    # Not what lies there now: that may be one more save, and is looked at next.
                    current = self.take_in(current, content, base=base, on_disk=current.hash)
                seen, base = content, sha256(content)
            self.folder.drop(displaced)
        except StillWritten as error:
            logger.info("it is looked at when that has ended: %s", error.message)
        except (ValidationError, NotAPlainFile) as error:
            aside = self.folder.set_aside(displaced.kept, instead_of=displaced.path)
            mission_id = self.folder.mission.pk
            tell_aside(mission_id, current.path, aside=aside, reason=error.message, now=self.now)
        return current

    def take_in(
        self, current: Current, foreign: bytes, *, base: str | None, on_disk: str | None
    ) -> Current:
        """Make ``foreign`` a revision, merged with what has landed; return what is current then.

        Where the two overlap, the other program's bytes are current, and what had landed is the
        revision before.

        Raises:
            ValidationError: its name differs by case only from one that is there.
        """
        self._check_spelling(current)
        merged = self._merge(current, foreign, base)
        if sha256(merged) == current.hash:
            return current
        for content in {foreign, merged}:
            self.store.put(content)
        take(self.folder, [external_write(current, merged, on_disk=on_disk)], now=self.now)
        self.taken_in.append(current.path)
        return load_exactly(self.folder.mission.pk, [current.path])[current.path]

    def _check_spelling(self, current: Current) -> None:
        """Refuse to make a file of what differs by case only from one that is there."""
        if current.hash is None:
            other = clash(current.path, present_paths(self.folder.mission.pk))
            if other:
                raise ValidationError(f"It differs from {other} only by case.", path=current.path)

    def _merge(self, current: Current, foreign: bytes, base: str | None) -> bytes:
        theirs = current.content(self.store)
        if base is None or theirs is None:
            return foreign
        mine = decode(foreign)
        try:
            before = self.store.text(base).text
        except FileOperationError:  # what it began with was never ours
            return foreign
        merged = merge(before, theirs.text, mine.text)
        if merged.text is None:
            return foreign
        content = encode(merged.text, like=mine)
        try:
            check_bytes(current.path, content)
        except ValidationError:
            return foreign
        return content

    def _is_known(
        self,
        displaced: Displaced,
        current: Current,
        content: bytes,
        known: Collection[str | None] | None,
    ) -> bool:
        hash_ = sha256(content)
        if known is not None:
            return hash_ in known
        if displaced.is_expected(hash_):
            return True
        return Revision.objects.filter(file=current.file, blob_id=hash_).exists()

    def _base(self, displaced: Displaced, current: Current) -> str | None:
        """Return the hash of the revision that was expected where the late save was found."""
        revisions = Revision.objects.filter(
            file=current.file, blob__hash__startswith=displaced.before
        ).order_by("-number")
        return revisions.values_list("blob_id", flat=True).first()
