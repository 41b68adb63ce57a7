"""Step 4 of a landing: what each change means now that others may have written.

Nothing is written here. Either every change has its final bytes, or some overlap and the caller
decides what becomes of all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from missions.authors import Author
from missions.content import check_bytes, check_size, check_text, encode, encode_new, to_lf
from missions.landing.commit import Draft, Operation, Write
from missions.landing.current import Current, present_paths
from missions.landing.foreign import Found
from missions.landing.terms import Change, LandingConflict
from missions.merge import merge
from missions.models import Revision
from missions.paths import clash, path_key, validate_path
from missions.storage import BlobStore
from parallagon.core.errors import ValidationError


def check(changes: Sequence[Change], *, allow_invalid: bool) -> list[Change]:
    """Return the changes with their paths as they are kept.

    Raises:
        ValidationError: a path or a text cannot be accepted, or a path is named twice.
    """
    wanted = []
    seen: set[str] = set()
    for change in changes:
        path = validate_path(change.path)
        if path_key(path) in seen:
            raise ValidationError(f"{path} is named twice.", path=path)
        seen.add(path_key(path))
        if change.text is not None:
            check_bytes(path, encode_new(change.text), allow_invalid=allow_invalid)
        wanted.append(
            Change(path=path, text=change.text, base=change.base, operation=change.operation)
        )
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

    def plan(self, changes: Sequence[Change]) -> Plan:
        """Merge each change with what is current.

        Raises:
            ValidationError: a base that never was, a path that clashes by case.
        """
        plan = Plan()
        for change in changes:
            _Reconciling(self, change, plan).run()
        return plan

    def check_spelling(self, current: Current) -> None:
        """Raise ``ValidationError`` if a new path differs from one that is there by case only."""
        other = clash(current.path, present_paths(self.mission_id))
        if other:
            raise ValidationError(
                f"{current.path} cannot be created: {other} differs only by case.",
                path=current.path,
            )


class _Reconciling:
    """One change on its way into the plan."""

    def __init__(self, rules: Reconcile, change: Change, plan: Plan) -> None:
        self.rules = rules
        self.change = change
        self.plan = plan
        self.path = change.path
        self.current = rules.found.current[change.path]
        self.content = self.current.content(rules.store)
        self.theirs = self.content.text if self.content else None
        self.mine = None if change.text is None else to_lf(change.text)
        self.base = self._base()

    def run(self) -> None:
        if self.theirs is None and self.mine is not None:
            self.rules.check_spelling(self.current)
        elif self.current.file and self.current.file.path != self.path:
            raise ValidationError(
                f"{self.path} cannot be used: {self.current.file.path} differs only by case.",
                path=self.path,
            )
        if self.mine == self.theirs:
            return
        if self._is_current():
            self._draft()
            self._write(self.mine)
        else:
            self._merge(self._text(self.base))

    def _is_current(self) -> bool:
        if self.change.base is None:
            return self.theirs is None or self.mine is None
        return self.change.base == self.current.number

    def _merge(self, base: str | None) -> None:
        if self.mine == base:  # the author changed nothing; the others did
            self.plan.merged.add(self.path)
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
        if merged != self.theirs:
            self._write(merged)

    def _is_acceptable(self, text: str) -> bool:
        """Check a merged text as if it had been sent: two good halves may make a bad whole."""
        try:
            check_text(self.path, text, allow_invalid=self.rules.allow_invalid)
        except ValidationError:
            return False
        return True

    def _write(self, text: str | None) -> None:
        content = self._bytes(text)
        if content is not None:
            check_size(self.path, content)  # once more: line endings are longer than LF
        self.plan.writes.append(
            Write(
                current=self.current,
                content=content,
                on_disk=self.rules.found.on_disk[self.path],
                operation=self.change.operation or self._operation(text),
            )
        )

    def _operation(self, text: str | None) -> Operation:
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
        if found is None:
            raise ValidationError(f"{self.path} has no revision {number}.", path=self.path)
        return found

    def _text(self, revision: Revision | None) -> str | None:
        if revision is None or revision.blob_id is None:
            return None
        return self.rules.store.text(revision.blob_id).text
