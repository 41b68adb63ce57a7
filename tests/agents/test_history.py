import pytest
from django.utils import timezone

from agents.selectors import history_between
from missions.landing import Author, Change, land
from missions.models import Event
from tests.factories import make_mission


@pytest.mark.django_db
class TestHistoryBetween:
    def test_tells_a_move_once_and_a_removal(self) -> None:
        mission = make_mission(files={"production.md": "One.\n"})
        author = Author.person(mission.owner)
        for change in (
            Change(path="rapport.md", text=None, moved_from="production.md"),
            Change(path="rapport.md", text=None),
        ):
            land(mission, [change], author=author, now=timezone.now())

        moved, removed = history_between(mission_id=mission.pk, after=0, until=10**9)

        assert (moved.path, moved.outcome, moved.revision) == ("rapport.md", "moved", 2)
        assert moved.summary == "from production.md"
        assert (removed.path, removed.outcome) == ("rapport.md", "removed")
        assert removed.author == moved.author

    def test_leaves_out_removals_of_which_nobody_knows_the_author(self) -> None:
        mission = make_mission()
        Event.objects.create(
            mission=mission, seq=1, type="file.removed", data={"path": "a.md"}, at=timezone.now()
        )

        assert history_between(mission_id=mission.pk, after=0, until=1) == ()
