"""Whether every content that a revision refers to is there and whole, and nothing else is.

A content is stored before the transaction that refers to it, so one that nothing refers to is a
leftover only when it is old; ``BlobStore.put`` makes one that it meets young again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from missions.integrity.findings import Finding, Kind
from missions.models import Blob, MissionFile, ProposalFile, Revision
from missions.storage import BlobStore, FileManager, sha256
from parallagon.core.errors import ParallagonError

GRACE = timedelta(hours=1)
PARTS = 24  # a sweep an hour reads every content once a day


@dataclass(kw_only=True)
class BlobCheck:
    """Compare the store of contents with its rows.

    Attributes:
        everything: read all contents; otherwise those of one part of the day's 24.
        read_count: contents read and hashed so far.
    """

    mends: bool
    now: datetime
    everything: bool = False
    read_count: int = 0
    store: BlobStore = field(default_factory=BlobStore)

    def look(self) -> Iterator[Finding]:
        """Yield what is wrong, shard by shard, so that memory stays small."""
        yield from self._unused_rows()
        for shard in self.store.shards():
            mine = Blob.objects.filter(hash__gte=shard, hash__lt=f"{shard}g")
            rows = dict(mine.values_list("hash", "size"))
            names = self.store.names(shard)
            for name in sorted(rows.keys() - names):
                yield self._broken(Kind.BLOB_MISSING, name)
            for name in sorted(names - rows.keys()):
                yield from self._orphan(name)
            if self._is_due(shard):
                yield from self._read({name: rows[name] for name in rows.keys() & names})
            for name in self.store.leftovers(shard, older_than=self._old):
                is_mended = self.mends and self.store.remove_leftover(shard, name)
                detail = "a dead process left it"
                yield Finding(
                    kind=Kind.TEMPORARY_LEFT,
                    path=f"{shard}/{name}",
                    detail=detail,
                    is_mended=is_mended,
                )

    @property
    def _old(self) -> float:
        return (self.now - GRACE).timestamp()

    def _is_due(self, shard: str) -> bool:
        return self.everything or int(shard, 16) % PARTS == self.now.hour

    def _read(self, rows: dict[str, int]) -> Iterator[Finding]:
        for name, size in sorted(rows.items()):
            self.read_count += 1
            try:
                content = self.store.get(name)
            except ParallagonError:
                yield self._broken(Kind.BLOB_DAMAGED, name)
                continue
            if len(content) != size:
                if self.mends:
                    Blob.objects.filter(hash=name).update(size=len(content))
                yield Finding(
                    kind=Kind.BLOB_SIZE,
                    path=name,
                    detail=f"{len(content)} bytes, not {size}",
                    is_mended=self.mends,
                )

    def _broken(self, kind: Kind, name: str) -> Finding:
        """Return the finding of a content that cannot be read, put back where a file has it."""
        users = Revision.objects.filter(blob_id=name).select_related("file__mission")
        user = users.order_by("-pk").first()
        content = self._in_a_folder(name) if self.mends else None
        if content is not None:
            self.store.replace(content)
        return Finding(
            kind=kind,
            mission=user.file.mission_id if user else None,
            path=user.file.path if user else name,
            detail=f"content {name[:12]}" + (f", revision {user.number}" if user else ""),
            is_mended=content is not None,
        )

    def _in_a_folder(self, name: str) -> bytes | None:
        """Return a content from the folder of a mission of which it is a current file."""
        files = MissionFile.objects.present().filter(current__blob_id=name)
        for file in files.select_related("mission"):
            try:
                content = FileManager(file.mission).read(file.path)
            except ParallagonError:
                continue
            if content is not None and sha256(content) == name:
                return content
        return None

    def _orphan(self, name: str) -> Iterator[Finding]:
        """Remove a content without a row; the row may have come meanwhile."""
        if not self.store.is_older(name, self._old):
            return
        row = Blob.objects.filter(hash=name)
        if row.exists():
            return
        is_mended = self.mends and self.store.remove(name, older_than=self._old, unless=row.exists)
        yield Finding(
            kind=Kind.BLOB_ORPHAN,
            path=name,
            detail="no row refers to it",
            is_mended=is_mended,
        )

    def _unused_rows(self) -> Iterator[Finding]:
        """Remove the rows that nothing refers to; the next sweep finds their contents orphaned."""
        unused = unused_blobs().filter(created_at__lt=self.now - GRACE)
        for hash_ in list(unused.values_list("hash", flat=True)):
            is_mended = bool(self.mends and unused.filter(hash=hash_).delete()[0])
            yield Finding(
                kind=Kind.BLOB_UNUSED,
                path=hash_,
                detail="no revision and no proposal has it",
                is_mended=is_mended,
            )


def unused_blobs() -> QuerySet[Blob]:
    """Return the contents to which neither a revision nor a proposal refers."""
    name = OuterRef("pk")
    return Blob.objects.filter(
        ~Exists(Revision.objects.filter(blob=name)),
        ~Exists(ProposalFile.objects.filter(blob=name)),
        ~Exists(ProposalFile.objects.filter(base=name)),
    )
