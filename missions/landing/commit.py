"""Step 6 of a landing: one transaction, after which the change has landed."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from missions import decisions, events, hooks, leases
from missions.authors import Author
from missions.landing.current import Current
from missions.landing.terms import Landing
from missions.locks import LockLost
from missions.models import (
    Blob,
    LandingRecord,
    Mission,
    MissionFile,
    Proposal,
    ProposalFile,
    Revision,
)
from missions.paths import path_key
from missions.storage import sha256
from missions.turns import hold
from parallagon.core import database, telemetry
from parallagon.core.errors import ParallagonError

Operation = Revision.Operation
Fact = tuple[int, events.EventType, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Write:
    """One file as it is going to be, ``current`` already at that path.

    ``content`` is ``None`` where it goes away, and where it only moves (``is_kept``).
    """

    current: Current
    content: bytes | None
    on_disk: str | None  # hash of what lies in the folder now
    operation: Operation
    is_kept: bool = False
    moved_from: str | None = None
    left_on_disk: str | None = None  # the same of where it is until now
    author: Author | None = None  # if not that of the landing

    @property
    def path(self) -> str:
        return self.current.path

    @property
    def hash(self) -> str | None:
        if self.is_kept:
            return self.current.hash
        return None if self.content is None else sha256(self.content)

    @property
    def entries(self) -> list[dict[str, str | None]]:
        """Return what the landing record says of it."""
        here = {"path": self.path, "before": self.on_disk, "after": self.hash}
        if self.moved_from is None:
            return [here] if self.on_disk != self.hash else []
        return [{"path": self.moved_from, "before": self.left_on_disk, "after": None}, here]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One file of a proposal: what the run began with, and what it wants."""

    path: str
    base: Revision | None
    content: bytes | None


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """What step 6 writes."""

    mission: Mission
    author: Author
    now: datetime
    writes: Sequence[Write] = ()
    drafts: Sequence[Draft] = ()
    reason: Proposal.Reason | None = None
    paths: Sequence[str] = ()  # what the fencing token must cover
    fence: int | None = None
    within: Callable[[Landing], None] | None = None

    def commit(self, landing: Landing) -> Landing:
        """Write everything or nothing; return ``landing`` with its revisions and proposal.

        Raises:
            StaleLease: the run's lease was given back or taken over.
            LockLost: another writer was faster although the lock was held.
            LockError: the database is busy.
            FileOperationError: the database's disk is full.
        """
        with (
            telemetry.span("landing.commit", foreseen=(ParallagonError,)),
            database.foreseen(),
            transaction.atomic(durable=True),
        ):
            hold(self.mission.pk)
            if self.fence is not None:
                leases.check_fence(self.mission.pk, self.fence, self.paths)
            self._open_record()
            self._keep_blobs()
            landing = replace(landing, revisions=self._revise(), proposal=self._propose())
            if landing.revisions:
                landed = hooks.Landed(
                    mission=self.mission, revisions=landing.revisions, now=self.now
                )
                if landed.moves:
                    leases.follow(self.mission.pk, landed.moves)
                for hook in hooks.on_landed:
                    hook(landed)
                Mission.objects.filter(pk=self.mission.pk).update(updated_at=self.now)
            self._publish(landing)
            if self.within:
                self.within(landing)
        return landing

    def _open_record(self) -> None:
        entries = [entry for write in self.writes for entry in write.entries]
        if entries:
            LandingRecord.objects.create(
                mission=self.mission,
                entries=entries,
                run_id=self.author.run_id,
                created_at=self.now,
            )

    def _keep_blobs(self) -> None:
        contents = [write.content for write in self.writes]
        contents += [draft.content for draft in self.drafts]
        Blob.objects.bulk_create(
            [Blob(hash=sha256(one), size=len(one)) for one in contents if one is not None],
            ignore_conflicts=True,
        )

    def _revise(self) -> tuple[Revision, ...]:
        try:
            return tuple(self._revise_one(write) for write in self.writes)
        except IntegrityError as error:
            raise LockLost(_("Someone else was faster. Try again.")) from error

    def _revise_one(self, write: Write) -> Revision:
        file = write.current.file or MissionFile.objects.create(
            mission=self.mission, path=write.path, path_key=path_key(write.path)
        )
        author = write.author or self.author
        revision = Revision.objects.create(
            file=file,
            number=write.current.number + 1,
            path=write.path,
            operation=write.operation,
            blob_id=write.hash,
            parent=write.current.revision,
            author_kind=author.kind,
            user=author.user,
            role=author.role,
            run_id=author.run_id,
            created_at=self.now,
        )
        file.path = write.path  # a removed file may come back spelled with other case
        file.path_key = path_key(write.path)
        file.is_removed = write.hash is None
        file.current = revision
        file.save(update_fields=["path", "path_key", "is_removed", "current"])
        return revision

    def _propose(self) -> Proposal | None:
        if not self.drafts or self.reason is None:
            return None
        proposal = Proposal.objects.create(
            mission=self.mission,
            role=self.author.role,
            run_id=self.author.run_id or uuid.UUID(int=0),
            reason=self.reason,
            created_at=self.now,
        )
        ProposalFile.objects.bulk_create(
            ProposalFile(
                proposal=proposal,
                path=draft.path,
                base_number=draft.base.number if draft.base else None,
                base_id=draft.base.blob_id if draft.base else None,
                blob_id=None if draft.content is None else sha256(draft.content),
            )
            for draft in self.drafts
        )
        return proposal

    def _publish(self, landing: Landing) -> None:
        facts: list[Fact] = []
        for revision in landing.revisions:
            facts += self._facts(revision)
        if landing.proposal:
            decisions.supersede(landing.proposal, now=self.now)
            proposed = {"proposal": landing.proposal.pk, "state": landing.proposal.state}
            facts.append((self.mission.pk, "proposal.changed", proposed))
        if len(facts) == 1:
            events.publish(*facts[0], at=self.now)
        elif facts:
            events.publish_many(facts, at=self.now)

    def _facts(self, revision: Revision) -> list[Fact]:
        """Say what became of a file; one that moved is gone here and there under another path."""
        author = Author.of(revision).as_data()
        if revision.blob_id is None:
            return [(self.mission.pk, "file.removed", {"path": revision.path, "author": author})]
        changed = {
            "path": revision.path,
            "revision": revision.number,
            "hash": revision.blob_id,
            "author": author,
        }
        old = hooks.moved_from(revision)
        if old is None:
            return [(self.mission.pk, "file.changed", changed)]
        gone = {"path": old, "moved_to": revision.path, "author": author}
        return [
            (self.mission.pk, "file.removed", gone),
            (self.mission.pk, "file.changed", {**changed, "moved_from": old}),
        ]
