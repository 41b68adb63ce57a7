"""What is old makes room, and nothing that anybody would look for goes with it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from missions.landing import Author, Change, LandingConflict
from missions.models import Event, LandingRecord, Lease, Proposal, ProposalFile, Revision
from missions.retention import prune_events, prune_records
from missions.services import ThinRevisions
from missions.services.provenance import AttributeLines
from missions.tasks import thin
from tests.missions.conftest import NOW, TEXT, Desk

DAYS = 90
PATH = "production.md"


def numbers(desk: Desk, path: str = PATH) -> list[int]:
    rows = Revision.objects.filter(file__mission=desk.mission, file__path=path)
    return list(rows.order_by("number").values_list("number", flat=True))


def write(desk: Desk, day: float, *, author: str = "agent", **options: Any) -> int:
    """Land a change of ``author`` so many days before ``NOW``; return its number."""
    base = desk.current(PATH).number
    moment = NOW - timedelta(days=day)
    text = f"{desk.text(PATH)}By {author}, {day}.\n"
    if author == "person":
        desk.save(PATH, text, base, now=moment, **options)
    elif author == "external":
        desk.save(PATH, text, base, now=moment, author=Author.EXTERNAL, **options)
    else:
        lease = desk.lease(now=moment, ends_at=moment + timedelta(minutes=1))
        desk.run(lease, [Change(path=PATH, text=text, base=base)], now=moment, **options)
        Lease.objects.filter(pk=lease.pk).update(released_at=moment)
    return base + 1


def thinned(desk: Desk, days: int = DAYS) -> list[int]:
    """Thin the mission's revisions and return the numbers that are left."""
    ThinRevisions(now=NOW, days=days).execute()
    return numbers(desk)


@pytest.fixture
def old(desk: Desk) -> Desk:
    """A desk whose files were made long ago."""
    Revision.objects.update(created_at=NOW - timedelta(days=400))
    return desk


class TestThinRevisions:
    def test_keeps_the_last_of_each_day_by_each_author(self, old):
        write(old, 200.3)  # 2
        write(old, 200.2)
        write(old, 200.1, author="external")  # 4
        write(old, 199.1)  # 5
        write(old, 1)  # 6

        assert thinned(old) == [1, 3, 4, 5, 6]

    def test_keeps_every_revision_by_a_person(self, old):
        write(old, 200.3, author="person")
        write(old, 200.2, author="person")
        write(old, 1)

        assert thinned(old) == [1, 2, 3, 4]

    def test_keeps_what_is_young(self, old):
        write(old, 80.3)
        write(old, 80.2)
        write(old, 80.1)

        assert thinned(old) == [1, 2, 3, 4]

    def test_keeps_the_last_however_old(self, old):
        write(old, 200.3)
        write(old, 200.2)

        assert thinned(old) == [1, 3]
        assert old.current(PATH).number == 3

    def test_keeps_what_an_open_proposal_began_with(self, old):
        write(old, 200.3)
        write(old, 200.2)
        write(old, 1)
        proposal = Proposal.objects.create(
            mission=old.mission,
            role="production",
            run_id=old.lease().run_id,
            reason=Proposal.Reason.REVIEW,
            created_at=NOW,
        )
        ProposalFile.objects.create(proposal=proposal, path=PATH, base_number=2)

        assert thinned(old) == [1, 2, 3, 4]

    def test_keeps_removals_and_what_came_back(self, old):
        moment = NOW - timedelta(days=200)
        old.save(PATH, None, 1, now=moment)
        back = Change(path=PATH, text=TEXT, base=None, operation=Revision.Operation.RESTORE)
        old.land([back], author=Author.EXTERNAL, now=moment)
        write(old, 1)

        assert thinned(old) == [1, 2, 3, 4]

    def test_keeps_everything_when_told_so(self, old):
        write(old, 200.3)
        write(old, 200.2)
        write(old, 1)

        assert thinned(old, days=0) == [1, 2, 3, 4]

    def test_tells_who_wrote_each_line_as_before(self, old):
        for minute in range(12):
            write(old, 200.5 - minute / 1440, author=("agent", "external")[minute % 2])
        write(old, 1)
        before = AttributeLines(revision=old.current(PATH)).execute()

        left = thinned(old)

        after = AttributeLines(revision=old.current(PATH)).execute()
        assert len(left) < 14
        assert after.lines == before.lines
        assert {one.number for one in after.used()} == {one.number for one in before.used()}

    def test_gives_those_that_stay_a_parent_that_stays(self, old):
        write(old, 200.3)
        write(old, 200.2)
        write(old, 1)

        thinned(old)

        parents = Revision.objects.filter(file__path=PATH).order_by("number")
        assert [row.parent and row.parent.number for row in parents] == [None, 1, 3]

    def test_does_nothing_the_second_time(self, old):
        write(old, 200.3)
        write(old, 200.2)
        write(old, 1)
        thinned(old)

        assert ThinRevisions(now=NOW, days=DAYS).execute() == 0

    def test_shows_a_person_with_a_very_old_base_all_texts(self, old):
        write(old, 200.3)
        write(old, 200.2)
        write(old, 1)
        thinned(old)
        with pytest.raises(LandingConflict) as refused:
            old.save(PATH, "Mine.\n", 2)

        assert refused.value.details["base"] == {"revision": 2, "text": None}
        assert refused.value.details["mine"]["text"] == "Mine.\n"

    def test_runs_as_a_task(self, old):
        write(old, 200.3)
        write(old, 200.2)

        assert thin() == 1


class TestPruneRecords:
    def test_removes_what_was_closed_long_ago(self, desk):
        now = timezone.now()
        young = desk.lease()
        closed = {"mission": desk.mission, "entries": [], "created_at": now, "state": "DONE"}
        LandingRecord.objects.all().delete()
        LandingRecord.objects.create(**closed, closed_at=now - timedelta(days=8))
        kept = LandingRecord.objects.create(**closed, closed_at=now - timedelta(days=6))
        opened = LandingRecord.objects.create(**{**closed, "state": "OPEN"})

        assert prune_records(now) == 1

        assert set(LandingRecord.objects.values_list("pk", flat=True)) == {kept.pk, opened.pk}
        assert Lease.objects.filter(pk=young.pk).exists()


class TestPruneEvents:
    def test_removes_what_is_older_than_a_week(self, desk):
        Event.objects.update(at=timezone.now() - timedelta(days=8))
        desk.save(PATH, "New.\n", 1, now=timezone.now())

        prune_events(timezone.now())

        assert [event.type for event in Event.objects.all()] == ["file.changed"]
