"""Taking back what a run did, however long ago, without what came after it.

For each file the run's step is undone by a three-way merge: from what the run made, to what was
there before it, applied to what is there now.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

from django.utils.translation import gettext as _

from missions import selectors
from missions.authors import Author
from missions.content import is_well_formed
from missions.diff import counts
from missions.landing import Change, Landing, land
from missions.merge import merge_file
from missions.models import Mission, MissionFile, Revision
from missions.paths import path_key
from missions.services.files import refuse_merging, until_it_lands
from missions.services.writing import check_open
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, ValidationError
from parallagon.core.services import BaseService

Operation = Revision.Operation
Status = Literal["reverted", "unchanged", "overlaps"]


class NothingToRevert(Conflict):
    """The run never changed a file."""

    code = "nothing_to_revert"


class RevertTooOld(Conflict):
    """What was there right before the run is no longer kept: its own step cannot be told apart."""

    code = "too_old"


class RevertOverlaps(Conflict):
    """What came after the run changed the same lines.

    ``details``: ``files``, each ``path``, ``base {text}`` (what the run made), ``theirs {revision,
    text, author}`` (now), ``mine {text}`` (before the run), a text ``None`` where there is no
    file; and ``clean``, the paths that could be taken back without them.
    """

    code = "revert_overlaps"


@dataclass(frozen=True, kw_only=True)
class RevertedFile:
    """What becomes, or became, of one file of the run."""

    path: str
    status: Status
    revision: int | None = None  # the new one
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One file of the run: what is there now, and what would be without the run."""

    file: MissionFile
    status: Status
    theirs: Revision | None
    their_text: str | None
    text: str | None = None
    base_text: str | None = None
    my_text: str | None = None

    @property
    def path(self) -> str:
        return self.file.path

    def as_change(self) -> Change:
        return Change(
            path=self.path,
            text=self.text,
            base=None if self.their_text is None or not self.theirs else self.theirs.number,
            operation=None if self.text is None else Operation.REVERT,
            file=self.file.pk,
        )

    def as_overlap(self) -> dict[str, Any]:
        theirs = self.theirs
        return {
            "path": self.path,
            "base": {"text": self.base_text},
            "theirs": {
                "revision": theirs.number if theirs else 0,
                "text": self.their_text,
                "author": Author.of(theirs).as_data() if theirs else None,
            },
            "mine": {"text": self.my_text},
        }

    def as_result(self, revision: int | None) -> RevertedFile:
        if self.status != "reverted":
            return RevertedFile(path=self.path, status=self.status)
        added, removed = counts(self.their_text or "", self.text or "")
        return RevertedFile(
            path=self.path, status=self.status, revision=revision, added=added, removed=removed
        )


@dataclass(frozen=True, kw_only=True)
class RevertRun(BaseService[tuple[RevertedFile, ...]]):
    """Take back what a run did to its files, in one landing, and keep what came after.

    A file from which the run was taken back before, and not restored since, stays as it is.
    ``files`` takes back some only, by their paths now or then; ``preview`` says what would happen
    and writes nothing.

    Raises (from ``execute``):
        NothingToRevert: the run changed no file.
        RevertOverlaps: later changes touch the same lines of some files; nothing was written.
        RevertTooOld: the text before the run has made room for others.
        ValidationError: ``files`` names one that the run did not change.
    """

    operation = "missions.run.revert"
    mission: Mission
    user: User
    run_id: uuid.UUID
    now: datetime
    files: Sequence[str] | None = None
    preview: bool = False

    def _validate_input(self) -> None:
        check_open(self.mission)

    def _perform(self) -> tuple[RevertedFile, ...]:
        return until_it_lands(self._revert)

    def _revert(self) -> tuple[RevertedFile, ...]:
        steps = [_step(self.mission, revisions) for revisions in self._wanted()]
        changing = [step for step in steps if step.status == "reverted"]
        numbers: dict[str, int] = {}
        if not self.preview:
            self._refuse_overlaps(steps)
            numbers = self._land(changing) if changing else {}
        return tuple(step.as_result(numbers.get(step.path)) for step in steps)

    def _wanted(self) -> list[list[Revision]]:
        """Return the run's revisions file by file, by path, the newest first."""
        by_file = _revisions_of(self.mission, self.run_id)
        if not by_file:
            raise NothingToRevert(_("This run changed no file: there is nothing to take back."))
        if self.files is None:
            return by_file
        known = {one.path: revisions for revisions in by_file for one in revisions}
        known |= {revisions[0].file.path: revisions for revisions in by_file}
        if unknown := sorted(set(self.files) - known.keys()):
            sentence = _("This run did not change %(path)s.") % {"path": unknown[0]}
            raise ValidationError(sentence, paths=unknown)
        wanted = [known[path] for path in sorted(set(self.files))]
        return [*{revisions[0].file_id: revisions for revisions in wanted}.values()]

    def _refuse_overlaps(self, steps: Sequence[_Step]) -> None:
        overlapping = [step for step in steps if step.status == "overlaps"]
        if overlapping:
            raise RevertOverlaps(
                _("What came after this run changed the same lines of %(paths)s.")
                % {"paths": ", ".join(step.path for step in overlapping)},
                files=[step.as_overlap() for step in overlapping],
                clean=[step.path for step in steps if step.status == "reverted"],
            )

    def _land(self, steps: Iterable[_Step]) -> dict[str, int]:
        landing = land(
            self.mission,
            [step.as_change() for step in steps],
            author=Author.person(self.user),
            now=self.now,
            allow_invalid=True,  # it was accepted once
            within=self._mark,
        )
        return {revision.file.path: revision.number for revision in landing.revisions}

    def _mark(self, landing: Landing) -> None:
        refuse_merging(landing)
        made = [revision.pk for revision in landing.revisions]
        Revision.objects.filter(pk__in=made).update(reverts_run=self.run_id)


def _revisions_of(mission: Mission, run_id: uuid.UUID) -> list[list[Revision]]:
    revisions = (
        Revision.objects.filter(file__mission=mission, run_id=run_id)
        .select_related("parent", "file__current__user")
        .order_by("file__path", "file_id", "-number")
    )
    return [list(group) for _file, group in groupby(revisions, key=attrgetter("file_id"))]


def _step(mission: Mission, revisions: Sequence[Revision]) -> _Step:
    """Undo the run's revisions of one file, the newest first, on what is there now."""
    file = revisions[0].file
    now = file.current
    text = theirs = _text(now)
    if _is_taken_back(revisions[0]):
        return _Step(file=file, status="unchanged", theirs=now, their_text=theirs)
    for revision in revisions:
        base, mine = _text(revision), _text(_before(revision))
        merged = merge_file(base, text, mine)
        if not (merged.is_clean and _is_acceptable(file.path, merged.text, (text, mine))):
            return _overlap(file, now, theirs, base, mine)
        text = merged.text
    if text == theirs:
        return _Step(file=file, status="unchanged", theirs=now, their_text=theirs)
    if theirs is None and (other := _successor(mission, file)):
        return _overlap(file, other, _text(other), None, text)
    return _Step(file=file, status="reverted", theirs=now, their_text=theirs, text=text)


def _before(revision: Revision) -> Revision | None:
    """Return what was there right before a revision.

    Raises:
        RevertTooOld: it has made room; what is kept before it is older than other work.
    """
    known = revision.parent.number if revision.parent else 0
    if known != revision.number - 1:
        sentence = _("What %(path)s was before this run is no longer kept.")
        raise RevertTooOld(sentence % {"path": revision.file.path}, path=revision.file.path)
    return revision.parent


def _overlap(
    file: MissionFile,
    theirs: Revision | None,
    their_text: str | None,
    base: str | None,
    mine: str | None,
) -> _Step:
    return _Step(
        file=file,
        status="overlaps",
        theirs=theirs,
        their_text=their_text,
        base_text=base,
        my_text=mine,
    )


def _is_taken_back(last: Revision) -> bool:
    """Return whether the run was taken back from its file, and nothing restored there since."""
    later = Revision.objects.filter(file=last.file, number__gt=last.number)
    taken = later.filter(reverts_run=last.run_id).order_by("-number").first()
    return taken is not None and not later.filter(
        number__gt=taken.number, operation=Operation.RESTORE
    ).exists()  # fmt: skip


def _is_acceptable(path: str, text: str | None, known: Sequence[str | None]) -> bool:
    return text is None or text in known or is_well_formed(path, text)


def _successor(mission: Mission, file: MissionFile) -> Revision | None:
    """Return the current revision of another file that is where a removed one was."""
    others = MissionFile.objects.filter(mission=mission, path_key=path_key(file.path)).present()
    other = others.exclude(pk=file.pk).select_related("current__user").first()
    return other.current if other else None


def _text(revision: Revision | None) -> str | None:
    if revision is None or revision.blob_id is None:
        return None
    return selectors.blob_text(revision.blob_id)
