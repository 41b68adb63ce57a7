"""Hundreds of mixed edits, all really landed, against a truth kept by those who wrote.

No two lines are ever written alike, so whose a line is was settled when it was written, whatever
became of it since.
"""

import contextlib
import random
from collections.abc import Callable
from itertools import count
from uuid import UUID

import pytest

from missions.landing import Change, Landing, LandingConflict
from missions.leases import release_lease
from missions.models import Mission, Provenance, Revision
from missions.services import AttributeLines, RestoreRevision, RevertRun
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict
from tests.factories import make_mission
from tests.missions.conftest import NOW, Desk

PATH = "production.md"
EDITS = 240
FIRST = [f"Line {number} of the first text." for number in range(12)]
Lines = list[str]


class Writers:
    """People and agents who change one file, each time at a few places."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.numbers = count()
        self.written: dict[str, int] = {}  # each line ever written → the revision that brought it
        self.texts: dict[int, Lines] = {}
        self.done: dict[str, int] = {}
        self.runs: list[UUID] = []
        self.texts[1] = list(FIRST)
        self.written.update(dict.fromkeys(FIRST, 1))

    def work(self) -> None:
        """Make one of the changes that happen to a file."""
        ways: list[Callable[[], bool]] = [
            self.edit, self.edit, self.edit, self.move, self.shuffle, self.merge, self.merge,
            self.restore, self.take_back, self.remove_and_create,
        ]  # fmt: skip
        way = self.chance.choice(ways)
        if way():
            self.done[way.__name__] = self.done.get(way.__name__, 0) + 1

    # -- ways ----------------------------------------------------------------------------------

    def edit(self) -> bool:
        return self.land(self.edited(self.now), base=self.number)

    def move(self) -> bool:
        return self.land(self.moved(self.now), base=self.number)

    def shuffle(self) -> bool:
        """Move and edit at once."""
        return self.land(self.edited(self.moved(self.moved(self.now))), base=self.number)

    def merge(self) -> bool:
        """Let an agent land while a person writes, who saves on top of it."""
        base, number = self.now, self.number
        half = len(base) // 2
        person, agent = (base[:half], base[half:])
        mine = [*self.edited(person), *agent]
        theirs = [*person, *self.edited(agent)]
        lease = self.desk.lease()
        self.runs.append(lease.run_id)
        landing = self.desk.run(lease, [Change(path=PATH, text=text_of(theirs), base=number)])
        self.note(landing, theirs)
        release_lease(lease.run_id, now=NOW)
        return self.land(mine, base=number)

    def restore(self) -> bool:
        number = self.chance.choice(list(self.texts))
        if self.texts[number] == self.now:
            return False
        RestoreRevision(
            mission=self.desk.mission, user=self.desk.owner, path=PATH, number=number, now=NOW
        ).execute()
        self.texts[self.number_now()] = self.texts[number]
        return True

    def take_back(self) -> bool:
        """Take one of the last runs back, if what came after it lets one."""
        for run_id in self.chance.sample(self.runs[-3:], len(self.runs[-3:])):
            revert = RevertRun(
                mission=self.desk.mission, user=self.desk.owner, run_id=run_id, now=NOW
            )
            with contextlib.suppress(Conflict):
                if [file.status for file in revert.execute()] == ["reverted"]:
                    self.texts[self.number_now()] = self.desk.text(PATH).splitlines()
                    return True
        return False

    def remove_and_create(self) -> bool:
        lines = self.now
        self.desk.save(PATH, None, self.number)
        return self.land(self.edited(lines), base=None)

    # -- what they do with lines -----------------------------------------------------------------

    def edited(self, lines: Lines) -> Lines:
        """Insert, replace or remove lines at a few places."""
        lines = list(lines)
        for _ in range(self.chance.randint(1, 3)):
            at = self.chance.randint(0, len(lines))
            fresh = [self.fresh() for _ in range(self.chance.randint(0, 4))]
            lines[at : at + self.chance.randint(0, 3)] = fresh
        return lines if len(lines) >= 6 else [*lines, *(self.fresh() for _ in range(6))]

    def moved(self, lines: Lines) -> Lines:
        lines = list(lines)
        at = self.chance.randint(0, len(lines) - 1)
        size = self.chance.randint(1, 5)
        passage, lines[at : at + size] = lines[at : at + size], []
        to = self.chance.randint(0, len(lines))
        lines[to:to] = passage
        return lines

    def fresh(self) -> str:
        return f"Line {next(self.numbers)} that nobody else ever wrote."

    # -- landing and noting ----------------------------------------------------------------------

    @property
    def number(self) -> int:
        return max(self.texts)

    @property
    def now(self) -> Lines:
        return self.texts[self.number]

    def number_now(self) -> int:
        return self.desk.current(PATH).number

    def land(self, lines: Lines, *, base: int | None) -> bool:
        try:
            landing = self.desk.save(PATH, text_of(lines), base)
        except LandingConflict:
            return False
        return self.note(landing, lines)

    def note(self, landing: Landing, sent: Lines) -> bool:
        """Remember what is there now, and who brought the lines that were never there before."""
        if not landing.revisions:
            return False
        number = landing.revisions[0].number
        self.texts[number] = self.desk.text(PATH).splitlines()
        for line in sent:
            self.written.setdefault(line, number)
        return True

    def truth(self, number: int) -> list[int]:
        return [self.written[line] for line in self.texts[number]]


def text_of(lines: Lines) -> str:
    return "".join(f"{line}\n" for line in lines)


def attributed(revision: Revision) -> list[int]:
    return list(AttributeLines(revision=revision).execute().lines)


@pytest.fixture
def mission(owner: User) -> Mission:
    return make_mission(owner=owner, files={PATH: text_of(FIRST)})


class TestTruth:
    def test_of_hundreds_of_edits(self, desk: Desk) -> None:
        writers = Writers(desk, seed=1)
        while writers.number < EDITS:
            writers.work()
            if writers.number % 20 == 0:
                assert attributed(desk.current(PATH)) == writers.truth(writers.number)

        revisions = Revision.objects.filter(file__path=PATH, blob__isnull=False)
        warm = {one.number: attributed(one) for one in revisions}
        Provenance.objects.all().delete()
        cold = {one.number: attributed(one) for one in revisions.filter(number__gt=EDITS - 20)}

        assert min(writers.done.values()) >= 5
        assert len(writers.done) == 7
        assert warm == {number: writers.truth(number) for number in writers.texts}
        assert cold == {number: warm[number] for number in cold}
