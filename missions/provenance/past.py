"""A file's past as rows and blobs, followed from the nearest place that was kept.

Nothing is written here: what is worth keeping is left in ``found`` for the caller to store.
"""

import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from missions.models import Provenance, Revision
from missions.provenance.following import follow, normal
from missions.provenance.origins import Attribution, Origin, unpack
from missions.provenance.sources import BRINGS_BACK, Source, sources_between
from missions.storage import BlobStore
from parallagon.core.errors import DependencyUnavailable

EVERY = 200  # revisions between two places that are kept
LEAST = 20  # revisions after which the end is worth keeping
_AHEAD = 16  # contents that are read before they are needed
_FEW = 8  # contents for which no threads are started


class ProvenancePending(DependencyUnavailable):
    """So much is to be followed that it takes another request, which goes on where this ended."""

    code = "provenance_pending"


class Step(NamedTuple):
    """A revision with a content."""

    pk: int
    blob: str
    origin: Origin

    @property
    def number(self) -> int:
        return self.origin.number


@dataclass(frozen=True)
class Stage:
    """Revisions to follow; the first is where ``known`` is, if anything is known.

    ``sources`` says what some of them brought back.
    """

    known: Attribution | None
    steps: Sequence[Step]
    sources: dict[int, Source]

    @property
    def begin(self) -> int:
        return self.known.number if self.known else 0

    @property
    def brought_back(self) -> set[int]:
        return {source.number for source in self.sources.values()}


@dataclass(kw_only=True)
class Past:
    """The past of one file.

    Attributes:
        file_id: whose past it is.
        wanted: numbers to leave in ``found``, whatever else is.
        until: the ``time.monotonic()`` at which to leave off; ``None`` goes on to the end.
        found: what is worth keeping, by the key of its revision.
    """

    file_id: int
    wanted: Collection[int] = ()
    until: float | None = None
    store: BlobStore = field(default_factory=BlobStore)
    found: dict[int, Attribution] = field(default_factory=dict)
    _known: dict[int, Attribution] = field(default_factory=dict)

    def at(self, number: int) -> Attribution:
        """Return who wrote each line as of a revision, which must have a content.

        Raises:
            ProvenancePending: the time is over; ``found`` has what was reached.
            FileOperationError: a content is missing or damaged.
        """
        todo = [number]
        while todo:
            known = self._nearest(todo[-1])
            if known and known.number == todo[-1]:
                self._known[todo.pop()] = known
                continue
            stage = self._stage(known, todo[-1])
            # What was brought back is worked out first; then no step looks back further.
            earlier = {number for number in stage.brought_back if number < stage.begin}
            if missing := sorted(earlier - self._known.keys()):
                todo += missing
            else:
                self._known[todo.pop()] = self._follow(stage)
        return self._known[number]

    def _stage(self, known: Attribution | None, number: int) -> Stage:
        steps = self._steps(known.number if known else 0, number)
        if not any(step.origin.operation in BRINGS_BACK for step in steps[1:]):
            return Stage(known, steps, {})
        return Stage(known, steps, sources_between(self._revisions(), steps[0].number, number))

    def _nearest(self, number: int) -> Attribution | None:
        """Return the last attribution up to ``number`` that was kept or just found."""
        here = max((known for known in self._known if known <= number), default=0)
        kept = Provenance.objects.filter(
            revision__file=self.file_id, revision__number__gt=here, revision__number__lte=number
        )
        for row in kept.order_by("-revision__number")[:1]:
            if (known := unpack(bytes(row.data))) is not None:
                return known
        return self._known.get(here)

    def _steps(self, begin: int, end: int) -> list[Step]:
        rows = self._revisions().filter(number__gte=begin, number__lte=end).order_by("number")
        values = rows.values_list(
            "pk", "blob_id", "number", "operation", "author_kind", "user_id", "role", "run_id",
            "created_at", "author_name",
        )  # fmt: skip
        return [Step(row[0], str(row[1]), Origin(*row[2:])) for row in values]

    def _revisions(self) -> QuerySet[Revision]:
        return Revision.objects.filter(file=self.file_id, blob__isnull=False)

    def _follow(self, stage: Stage) -> Attribution:
        walk = _Walk(stage, self._known, self.store)
        unkept = 0
        contents = _contents(self.store, [step.blob for step in stage.steps])
        for step, content in zip(stage.steps, contents, strict=True):
            if unkept and self.until is not None and time.monotonic() > self.until:
                self.found[walk.key] = walk.reached()
                raise ProvenancePending(
                    _("Who wrote this file is still being worked out. Ask again in a moment.")
                )
            walk.take(step, content)
            unkept += step.number > stage.begin
            if unkept >= EVERY or step.number in self.wanted:
                self.found[step.pk] = walk.reached()
                unkept = 0
        if unkept >= LEAST:
            self.found[walk.key] = walk.reached()
        return walk.reached()


class _Walk:
    """The lines of a file on their way from one revision to the next."""

    def __init__(self, stage: Stage, known: Mapping[int, Attribution], store: BlobStore) -> None:
        self.key = self.number = 0
        self._stage = stage
        self._store = store
        self._text = b""
        self._lines = list(stage.known.lines) if stage.known else []
        self._origins = dict(stage.known.origins) if stage.known else {}
        self._needed = stage.brought_back
        self._earlier = {number: known[number] for number in self._needed & known.keys()}

    def take(self, step: Step, content: bytes) -> None:
        """Go on to ``step``."""
        text = normal(content)
        if step.number != self._stage.begin:
            follow(self._text, text, self._lines, step.number)
        if source := self._stage.sources.get(step.number):
            self._bring_back(source, text, step.number)
        self.key, self.number, self._text = step.pk, step.number, text
        self._origins.setdefault(step.number, step.origin)
        if step.number in self._needed:
            self._earlier[step.number] = self.reached()

    def _bring_back(self, source: Source, text: bytes, number: int) -> None:
        """Give lines that were there before back to whoever wrote them then."""
        earlier = self._earlier[source.number]
        lines = list(earlier.lines)
        if not source.is_whole:
            follow(normal(self._store.get(source.blob)), text, lines, number)
            pairs = zip(self._lines, lines, strict=True)
            lines = [before if line == number else line for line, before in pairs]
        self._lines = lines
        self._origins.update(earlier.origins)

    def reached(self) -> Attribution:
        return Attribution(
            number=self.number, lines=tuple(self._lines), origins=dict(self._origins)
        )


def _contents(store: BlobStore, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the contents in order; reading, unpacking and hashing all run beside the caller."""
    if len(names) < _FEW:
        yield from map(store.get, names)
        return
    with ThreadPoolExecutor(2, thread_name_prefix="provenance") as pool:
        ahead: deque[Future[bytes]] = deque()
        for name in names:
            ahead.append(pool.submit(store.get, name))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
