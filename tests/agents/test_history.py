"""What a journal is made of: every event once, what it changed, and nothing left out in silence."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agents.history import History, changed_sections, condense, history_between
from agents.roles.base import HistoryEntry
from missions.landing import Author, Change, land
from missions.models import Event, Mission, Proposal
from missions.services import RejectProposal
from tests.factories import make_mission

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TEXT = "# Plan\n\n## One\n\nFirst.\n\n## Two\n\nSecond.\n"


def entry(number: int, *, author: str = "Ada", path: str = "a.md") -> HistoryEntry:
    return HistoryEntry(
        at=START + timedelta(minutes=number),
        author=author,
        path=path,
        revision=number,
        outcome="changed",
        summary="",
        added=1,
        removed=0,
    )


def told(mission: Mission, *, after: int = 0) -> History:
    return history_between(mission_id=mission.pk, after=after, until=10**9)


@pytest.mark.django_db
class TestHistoryBetween:
    def test_tells_who_changed_how_many_lines_in_which_section(self) -> None:
        mission = make_mission(files={"production.md": TEXT})
        text = TEXT.replace("Second.", "Second,\nand third.")
        change = Change(path="production.md", text=text, base=1)
        land(mission, [change], author=Author.agent("production", uuid4()), now=timezone.now())

        (told_of,) = told(mission).entries

        assert (told_of.author, told_of.outcome, told_of.revision) == ("production", "changed", 2)
        assert (told_of.added, told_of.removed, told_of.sections) == (2, 1, ("Two",))

    def test_tells_a_move_once_and_a_removal(self) -> None:
        mission = make_mission(files={"production.md": "One.\n"})
        author = Author.person(mission.owner)
        for change in (
            Change(path="rapport.md", text=None, moved_from="production.md"),
            Change(path="rapport.md", text=None),
        ):
            land(mission, [change], author=author, now=timezone.now())

        moved, removed = told(mission).entries

        assert (moved.path, moved.outcome, moved.revision) == ("rapport.md", "moved", 2)
        assert moved.summary == "production.md"
        assert (removed.path, removed.outcome) == ("rapport.md", "removed")
        assert removed.author == moved.author

    def test_tells_what_was_decided_of_a_proposal(self) -> None:
        mission = make_mission(files={"production.md": TEXT})
        change = Change(path="production.md", text="Other.\n", base=1)
        author = Author.agent("production", uuid4())
        landing = land(
            mission, [change], author=author, now=timezone.now(), propose=Proposal.Reason.REVIEW
        )
        assert landing.proposal
        RejectProposal(proposal=landing.proposal, user=mission.owner, now=timezone.now()).execute()

        (decided,) = told(mission).entries

        assert (decided.outcome, decided.summary) == ("declined", "production")
        assert decided.author == mission.owner.display_name()

    def test_leaves_out_removals_of_which_nobody_knows_the_author(self) -> None:
        mission = make_mission()
        Event.objects.create(
            mission=mission, seq=1, type="file.removed", data={"path": "a.md"}, at=timezone.now()
        )

        assert told(mission) == History(())

    def test_says_how_much_is_no_longer_known(self) -> None:
        mission = make_mission(files={"a.md": "One.\n"})
        author = Author.person(mission.owner)
        for number in (1, 2, 3):
            change = Change(path="a.md", text=f"{number} more.\n", base=number)
            land(mission, [change], author=author, now=timezone.now())
        seqs = list(Event.objects.filter(mission=mission).values_list("seq", flat=True))
        Event.objects.filter(mission=mission, seq__lt=seqs[-1]).delete()

        history = told(mission, after=seqs[0])

        assert [entry.revision for entry in history.entries] == [4]
        assert history.forgotten == seqs[-1] - seqs[0] - 1

    def test_tells_each_event_once_from_run_to_run(self) -> None:
        mission = make_mission(files={"a.md": "0\n"})
        author = Author.person(mission.owner)
        seen, revisions = 0, []
        for number in range(1, 6):
            change = Change(path="a.md", text=f"{number}\n", base=number)
            land(mission, [change], author=author, now=timezone.now())
            mission.refresh_from_db()
            if number % 2:
                found = history_between(mission_id=mission.pk, after=seen, until=mission.seq)
                revisions += [one.revision for one in found.entries]
                seen = mission.seq

        assert revisions == [2, 3, 4, 5, 6]

    def test_costs_the_same_queries_however_much_happened(
        self, django_assert_max_num_queries: object
    ) -> None:
        mission = make_mission(files={"a.md": "0\n"})
        author = Author.person(mission.owner)
        for number in range(1, 30):
            change = Change(path="a.md", text=f"{number}\n", base=number)
            land(mission, [change], author=author, now=timezone.now())
        told(mission)  # the texts are in the cache now

        with django_assert_max_num_queries(4):  # type: ignore[operator] # events, oldest, revisions, proposals
            assert len(told(mission).entries) == 29


class TestCondense:
    @given(
        st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["a.md", "b.md"])), max_size=60),
        st.integers(8, 40),
    )
    def test_counts_every_entry_within_the_limit(
        self, happened: list[tuple[str, str]], most: int
    ) -> None:
        entries = [entry(n, author=who, path=path) for n, (who, path) in enumerate(happened)]

        condensed = condense(entries, most)

        assert len(condensed) <= most
        assert sum(one.count for one in condensed) == len(entries)
        assert sum(one.added or 0 for one in condensed) == len(entries)
        assert list(condensed) == sorted(condensed, key=lambda one: one.at)
        newest = entries[-(most // 2) :]
        assert list(condensed[len(condensed) - len(newest) :]) == newest

    def test_tells_the_older_ones_of_a_file_together(self) -> None:
        first, *rest = condense([entry(n) for n in range(20)], 10)

        assert (first.count, first.since, first.at) == (15, START, entry(14).at)
        assert (first.path, first.revision) == ("a.md", 14)
        assert [one.revision for one in rest] == [15, 16, 17, 18, 19]


class TestChangedSections:
    def test_names_those_that_differ_newest_text_first(self) -> None:
        after = TEXT.replace("First", "1st").replace("## Two", "## Three")

        assert changed_sections(TEXT, after) == ("One", "Three", "Two")

    def test_knows_text_without_headings(self) -> None:
        assert changed_sections("a\n", "b\n") == ()
