"""Following a file's lines through its past, and keeping what was found for the next time."""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import DatabaseError, transaction

from missions import selectors
from missions.models import Provenance, Revision
from missions.provenance import BRINGS_BACK, EVERY, Attribution, Past
from missions.provenance.origins import pack
from parallagon.core.errors import FileOperationError
from parallagon.core.services import BaseService

logger = logging.getLogger(__name__)

SECONDS = 3.0  # that one request may take


@dataclass(frozen=True, kw_only=True)
class AttributeLines(BaseService[Attribution]):
    """Work out who wrote each line of a file as of ``revision``.

    Raises (from ``execute``):
        ProvenancePending: it takes longer than ``seconds``; the next time goes on from there.
        FileOperationError: a content of its past is missing or damaged.
    """

    operation = "missions.file.attribute"
    log_level = logging.DEBUG
    revision: Revision
    seconds: float | None = field(default_factory=lambda: SECONDS)  # None: to the end

    def _perform(self) -> Attribution:
        revision = self.revision
        if revision.blob_id is None:
            return Attribution(number=revision.number, lines=(), origins={})
        until = None if self.seconds is None else time.monotonic() + self.seconds
        past = Past(file_id=revision.file_id, until=until)
        try:
            return past.at(revision.number)
        finally:
            keep(past)


@dataclass(frozen=True, kw_only=True)
class FollowFiles(BaseService[int]):
    """Follow the files with a long past that nobody has asked about; return how many.

    Whoever asks first does not wait for what was done before.
    """

    operation = "missions.files.follow"
    log_level = logging.DEBUG
    most: int = 20

    def _perform(self) -> int:
        revisions = selectors.current_revisions_to_follow(behind=EVERY)[: self.most]
        return sum(self._follow(revision) for revision in revisions)

    def _follow(self, revision: Revision) -> bool:
        try:
            AttributeLines(revision=revision, seconds=None).execute()
        except FileOperationError as error:
            logger.warning("file %s was not followed: %s", revision.file_id, error)
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class KeepProvenance(BaseService[None]):
    """Make sure that nothing is forgotten when the revisions ``removed`` of a file go away.

    Call it before they do. Who wrote each line is kept where the past has a hole from then on, and
    at what was restored from a removed revision; the facts of removed revisions are kept with it.

    Raises (from ``execute``):
        FileOperationError: a content of the past is missing or damaged; remove nothing.
    """

    operation = "missions.file.keep_provenance"
    file_id: int
    removed: Collection[int]

    def _perform(self) -> None:
        wanted = self._wanted()
        past = Past(file_id=self.file_id, wanted=frozenset(wanted))
        for number in wanted:
            past.at(number)
        keep(past, must=True)

    def _wanted(self) -> list[int]:
        """Return the revisions whose past changes: after a hole, and what may come from one."""
        rows = Revision.objects.filter(file=self.file_id, blob__isnull=False).order_by("number")
        removed = set(self.removed)
        wanted = []
        is_after_hole = has_hole = False
        for number, operation in rows.values_list("number", "operation"):
            if number in removed:
                is_after_hole = has_hole = True
                continue
            if is_after_hole or (has_hole and operation in BRINGS_BACK):
                wanted.append(number)
            is_after_hole = False
        return wanted


def keep(past: Past, *, must: bool = False) -> None:
    """Store what ``past`` found; unless it ``must`` be, an answer does not fail for that.

    Raises:
        DatabaseError: it could not be stored, but must.
    """
    if not past.found:
        return
    rows = [Provenance(revision_id=key, data=pack(one)) for key, one in past.found.items()]
    try:
        with transaction.atomic():
            Provenance.objects.bulk_create(rows, ignore_conflicts=True)
    except DatabaseError as error:
        if must:
            raise
        logger.info("the provenance of file %s was not kept: %s", past.file_id, error)
