"""Step 4 of a landing: what each change means now that others may have written.

Nothing is written here. Either every change has its final bytes, or some overlap and the caller
decides what becomes of all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from missions.authors import Author
from missions.content import check_bytes, check_size, check_text, encode, encode_new, to_lf
from missions.landing.commit import Draft, Operation, Write
from missions.landing.current import Current, present_paths
from missions.landing.foreign import Found
from missions.landing.terms import Change, FileExists, LandingConflict
from missions.merge import merge
from missions.models import Revision
from missions.paths import clash_in, extension, path_key, spellings, validate_path
from missions.storage import BlobStore
from parallagon.core import telemetry
from parallagon.core.errors import ParallagonError, ResourceNotFoundError, ValidationError


def check(changes: Sequence[Change], *, allow_invalid: bool) -> list[Change]:
    """Return the changes with their paths as they are kept.

    Raises:
        ValidationError: a path or a text cannot be accepted, or a path is named twice.
    """
    wanted = []
    seen: set[str] = set()
    for change in changes:
        path = validate_path(change.path)
        old = None if change.moved_from is None else validate_path(change.moved_from)
        if path == old:
            raise ValidationError(_("%(path)s is there already.") % {"path": path}, path=path)
        change = replace(change, path=path, moved_from=old)
        for key in {path_key(touched) for touched in change.paths}:
            if key in seen:
                raise ValidationError(_("%(path)s is named twice.") % {"path": path}, path=path)
            seen.add(key)
        if change.text is not None:
            check_bytes(path, encode_new(change.text), allow_invalid=allow_invalid)
        wanted.append(change)
    return wanted


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A change that cannot be merged; texts are ``None`` where the file is not there."""

    path: str
    base: int | None
    base_text: str | None
    theirs: Current
    their_text: str | None
    my_text: str | None

    def as_conflict(self) -> LandingConflict:
        revision = self.theirs.revision
        author: dict[str, Any] | None = Author.of(revision).as_data() if revision else None
        return LandingConflict(
            self.path,
            base={"revision": self.base, "text": self.base_text},
            theirs={"revision": self.theirs.number, "text": self.their_text, "author": author},
            mine={"text": self.my_text},
        )


@dataclass(kw_only=True)
class Plan:
    """What a landing would do."""

    writes: list[Write] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)  # the same, had it to be proposed
    merged: set[str] = field(default_factory=set)
    overlaps: list[Overlap] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """Turn changes into a plan against what is current."""

    found: Found
    store: BlobStore
    mission_id: int
    allow_invalid: bool
    leaving: frozenset[str] = frozenset()  # paths at which no file will be any more

    def plan(self, changes: Sequence[Change]) -> Plan:
        """Merge each change with what is current.

        Raises:
            ValidationError: a base that never was, a path that clashes by case.
        """
        plan = Plan()
        with telemetry.span("landing.merge", foreseen=(ParallagonError,)):
            for change in changes:
                _Reconciling(self, change, plan).run()
        return plan

    def check_spelling(self, path: str) -> None:
        """Raise ``ValidationError`` if a new path differs from one that is there by case only."""
        other = clash_in(path, self._spellings)
        if other:
            sentence = _("%(path)s cannot be created: %(other)s differs only by case.")
            raise ValidationError(sentence % {"path": path, "other": other}, path=path)

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return spellings(set(present_paths(self.mission_id)) - self.leaving)


class _Reconciling:
    """One change on its way into the plan."""

    def __init__(self, rules: Reconcile, change: Change, plan: Plan) -> None:
        self.rules = rules
        self.change = change
        self.plan = plan
        self.path = change.path
        self.place = rules.found.current[change.path]
        self.current = self.place
        if change.moved_from is not None:
            self.current = rules.found.current[change.moved_from]
        self.content = self.current.content(rules.store)
        self.theirs = self.content.text if self.content else None
        self.mine = None if change.text is None else to_lf(change.text)
        if change.text is None and change.moved_from is not None:
            self.mine = self.theirs
        self.base = self._base()

    def run(self) -> None:
        self._check_place()
        if self.mine == self.theirs:
            self._settle(self.theirs)
        elif self._is_current():
            self._draft()
            self._write(self.mine)
        else:
            self._merge(self._text(self.base))

    def _check_place(self) -> None:
        """Refuse a path that cannot be had.

        Raises:
            ValidationError: it differs by case only from one that is there.
            FileExists: another file is there.
            ResourceNotFoundError: there is nothing to move.
        """
        if self.change.moved_from is not None:
            self._check_move(self.change.moved_from)
        elif self.change.file and self.place.hash and self._is_another(self.change.file):
            raise FileExists.at(self.path)
        elif self.theirs is None and self.mine is not None:
            self.rules.check_spelling(self.path)
        elif self.place.is_elsewhere and self.place.file:
            sentence = _("%(path)s cannot be used: %(other)s differs only by case.")
            facts = {"path": self.path, "other": self.place.file.path}
            raise ValidationError(sentence % facts, path=self.path)

    def _check_move(self, old: str) -> None:
        if self.current.hash is None or self.current.file is None or self.current.is_elsewhere:
            sentence = _("There is no file %(path)s in this mission.") % {"path": old}
            raise ResourceNotFoundError(sentence, path=old)
        is_taken = self.place.hash is not None and self._is_another(self.current.file.pk)
        if is_taken or self.path in self.rules.found.untaken:
            raise FileExists.at(self.path)
        self.rules.check_spelling(self.path)
        if extension(old) != extension(self.path) and self.current.hash:
            check_bytes(
                self.path,
                self.rules.store.get(self.current.hash),
                allow_invalid=self.rules.allow_invalid,
            )

    def _is_another(self, file: int) -> bool:
        return self.place.file is not None and self.place.file.pk != file

    def _is_current(self) -> bool:
        if self.change.base is None:
            return self.theirs is None or self.mine is None
        return self.change.base == self.current.number

    def _merge(self, base: str | None) -> None:
        if (
            self.base is not None and self.mine == base
        ):  # the author changed nothing; the others did
            self.plan.merged.add(self.path)
            self._settle(self.theirs)
            return
        self._draft()
        merged = None
        if base is not None and self.theirs is not None and self.mine is not None:
            merged = merge(base, self.theirs, self.mine).text
        if merged is None or not self._is_acceptable(merged):
            self._overlap(base)
            return
        if merged != self.mine:
            self.plan.merged.add(self.path)
        self._settle(merged)

    def _settle(self, text: str | None) -> None:
        """Write ``text`` unless it is there already; a file that moves is written all the same."""
        if text != self.theirs or self.change.moved_from is not None:
            self._write(text)

    def _is_acceptable(self, text: str) -> bool:
        """Check a merged text as if it had been sent: two good halves may make a bad whole."""
        try:
            check_text(self.path, text, allow_invalid=self.rules.allow_invalid)
        except ValidationError:
            return False
        return True

    def _write(self, text: str | None) -> None:
        is_kept = text == self.theirs
        content = None if is_kept else self._bytes(text)
        if content is not None:
            check_size(self.path, content)  # once more: line endings are longer than LF
        old = self.change.moved_from
        self.plan.writes.append(
            Write(
                current=replace(self.current, path=self.path),
                content=content,
                on_disk=self.rules.found.on_disk[self.path],
                operation=self.change.operation or self._operation(text),
                is_kept=is_kept,
                moved_from=old,
                left_on_disk=None if old is None else self.rules.found.on_disk[old],
                author=self.change.author,
            )
        )

    def _operation(self, text: str | None) -> Operation:
        if self.change.moved_from is not None:
            return Operation.MOVE
        if text is None:
            return Operation.DELETE
        return Operation.CREATE if self.theirs is None else Operation.WRITE

    def _draft(self) -> None:
        draft = Draft(path=self.path, base=self.base, content=self._bytes(self.mine))
        self.plan.drafts.append(draft)

    def _overlap(self, base: str | None) -> None:
        self.plan.overlaps.append(
            Overlap(
                path=self.path,
                base=self.change.base,
                base_text=base,
                theirs=self.current,
                their_text=self.theirs,
                my_text=self.mine,
            )
        )

    def _bytes(self, text: str | None) -> bytes | None:
        if text is None:
            return None
        if self.content is None and self.change.text is not None:
            return encode_new(self.change.text)
        return encode(text, like=self.content)

    def _base(self) -> Revision | None:
        number = self.change.base
        if number is None:
            return None
        if self.current.revision and number == self.current.number:
            return self.current.revision
        found = Revision.objects.filter(file=self.current.file, number=number).first()
        if found is None and number >= self.current.number:
            sentence = _("%(path)s has no revision %(number)s.")
            facts = {"path": self.path, "number": number}
            raise ValidationError(sentence % facts, path=self.path)
        return found  # none: it was so old that it is not kept; whoever began with it sees all

    def _text(self, revision: Revision | None) -> str | None:
        if revision is None or revision.blob_id is None:
            return None
        return self.rules.store.text(revision.blob_id).text
