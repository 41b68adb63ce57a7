"""A whole mission as it was at a moment."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions import hooks, moments
from missions.landing import Author, Change, land
from missions.leases import take_lease
from missions.models import Event, Mission, MissionFile, Proposal, Revision
from missions.services import RestoreMissionTo, restore
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import ServiceError
from tests.missions_api.conftest import REQUEST, TEXT, browser

LATER = TEXT.replace("First", "Later")


@pytest.fixture
def clock() -> Iterator[datetime]:
    """Return times a minute apart, the first of them after all that is there."""
    start = timezone.now()
    return (start + timedelta(minutes=number) for number in range(1, 100))


@pytest.fixture
def then(mission: Mission, owner: User, clock: Iterator[datetime]) -> datetime:
    """Return a moment after which one file changed, one was added, and one removed."""
    author = Author.person(owner)
    land(mission, [Change(path="old.md", text="Old.\n")], author=author, now=next(clock))
    moment = next(clock)
    changes = [
        Change(path="production.md", text=LATER, base=1),
        Change(path="new.md", text="New.\n"),
        Change(path="old.md", text=None, base=1),
    ]
    land(mission, changes, author=author, now=next(clock))
    return moment


def restore_to(client: APIClient, mission: Mission, **body: Any) -> Any:
    return client.post(f"/api/v1/missions/{mission.pk}/restore-to", body, format="json")


def texts(mission: Mission) -> dict[str, str]:
    """Return the files as they lie in the folder, which must be as they are served."""
    folder = FileManager(mission)
    found = {path: (folder.read(path) or b"").decode() for path in folder.scan()}
    assert set(found) == set(
        MissionFile.objects.filter(mission=mission).present().values_list("path", flat=True)
    )
    return found


AS_IT_WAS = {"demande.md": REQUEST, "production.md": TEXT, "old.md": "Old.\n"}
AS_IT_IS = {"demande.md": REQUEST, "production.md": LATER, "new.md": "New.\n"}


class TestRestoreTo:
    def test_a_time(self, client: APIClient, mission: Mission, then: datetime) -> None:
        response = restore_to(client, mission, at=then.isoformat())

        assert response.status_code == 200
        assert response.json()["is_preview"] is False
        keys = ("path", "change", "then", "now", "added", "removed", "moved_from")
        assert [tuple(row[key] for key in keys) for row in response.json()["files"]] == [
            ("new.md", "removed", None, 1, 0, 1, None),
            ("old.md", "returned", 1, None, 1, 0, None),
            ("production.md", "restored", 1, 2, 1, 1, None),
        ]
        assert texts(mission) == AS_IT_WAS

    def test_an_event(self, client: APIClient, mission: Mission, then: datetime) -> None:
        seq = Event.objects.filter(mission=mission, at__lte=then).latest("seq").seq

        restore_to(client, mission, seq=seq)

        assert texts(mission) == AS_IT_WAS

    def test_an_event_in_the_middle_of_a_landing_means_all_of_it(
        self, client: APIClient, mission: Mission, then: datetime
    ) -> None:
        seq = Event.objects.filter(mission=mission, at__gt=then).earliest("seq").seq

        assert restore_to(client, mission, seq=seq).json()["files"] == []
        assert texts(mission) == AS_IT_IS

    @pytest.mark.parametrize("path", ["production.md", "demande.md"])
    def test_a_revision_with_what_landed_together_with_it(
        self, client: APIClient, mission: Mission, then: datetime, path: str
    ) -> None:
        restore_to(client, mission, revision={"path": path, "number": 1})

        assert texts(mission) == {"demande.md": REQUEST, "production.md": TEXT}

    def test_can_be_undone_in_the_same_way(
        self, client: APIClient, mission: Mission, then: datetime
    ) -> None:
        before = Event.objects.filter(mission=mission).latest("seq").seq
        restore_to(client, mission, at=then.isoformat())

        restore_to(client, mission, seq=before)

        assert texts(mission) == AS_IT_IS

    def test_keeps_every_revision(
        self, client: APIClient, mission: Mission, owner: User, then: datetime
    ) -> None:
        before = set(Revision.objects.values_list("pk", flat=True))

        restore_to(client, mission, at=then.isoformat())

        assert before < set(Revision.objects.values_list("pk", flat=True))
        last = Revision.objects.get(file__path="production.md", number=3)
        assert (last.operation, last.user) == ("RESTORE", owner)

    def test_a_preview_writes_nothing(
        self, client: APIClient, mission: Mission, then: datetime
    ) -> None:
        shown = restore_to(client, mission, at=then.isoformat(), preview=True).json()

        assert shown["is_preview"] is True
        assert texts(mission) == AS_IT_IS
        assert restore_to(client, mission, at=then.isoformat()).json()["files"] == shown["files"]

    def test_twice_changes_nothing_more(
        self, client: APIClient, mission: Mission, then: datetime
    ) -> None:
        restore_to(client, mission, at=then.isoformat())
        count = Revision.objects.count()

        assert restore_to(client, mission, at=then.isoformat()).json()["files"] == []
        assert Revision.objects.count() == count


class TestMovedFiles:
    """A file that has moved since is the same file, and goes back with its history."""

    @pytest.fixture
    def move(self, mission: Mission, owner: User, clock: Iterator[datetime]) -> Any:
        def move(old: str, new: str, text: str | None = None) -> None:
            change = Change(path=new, text=text, base=2 if text else None, moved_from=old)
            land(mission, [change], author=Author.person(owner), now=next(clock))

        return move

    @pytest.mark.parametrize("text", [None, LATER.replace("Third", "Moved")])
    def test_goes_back_to_its_path(
        self, client: APIClient, mission: Mission, then: datetime, move: Any, text: str | None
    ) -> None:
        file = MissionFile.objects.get(mission=mission, path="production.md")
        move("production.md", "final.md", text)

        rows = restore_to(client, mission, at=then.isoformat()).json()["files"]

        assert [(row["path"], row["change"], row["moved_from"]) for row in rows] == [
            ("new.md", "removed", None),
            ("old.md", "returned", None),
            ("production.md", "moved", "final.md"),
        ]
        assert texts(mission) == AS_IT_WAS
        file.refresh_from_db()
        assert file.path == "production.md"

    def test_where_another_took_its_place_the_texts_are_right(
        self, client: APIClient, mission: Mission, then: datetime, move: Any
    ) -> None:
        move("production.md", "final.md")
        move("new.md", "production.md")

        restore_to(client, mission, at=then.isoformat())

        assert texts(mission) == AS_IT_WAS

    def test_two_that_changed_places_have_their_texts_back(
        self, client: APIClient, mission: Mission, then: datetime, move: Any
    ) -> None:
        move("production.md", "third.md")
        move("demande.md", "production.md")
        move("third.md", "demande.md")

        restore_to(client, mission, at=then.isoformat())

        assert texts(mission) == AS_IT_WAS

    def test_one_that_moved_and_was_removed_returns(
        self, client: APIClient, mission: Mission, owner: User, then: datetime, move: Any,
        clock: Iterator[datetime],
    ) -> None:  # fmt: skip
        move("production.md", "final.md")
        change = Change(path="final.md", text=None)
        land(mission, [change], author=Author.person(owner), now=next(clock))

        restore_to(client, mission, at=then.isoformat())

        assert texts(mission) == AS_IT_WAS

    def test_a_name_is_spelled_as_it_was_then(
        self, client: APIClient, mission: Mission, then: datetime, move: Any
    ) -> None:
        move("production.md", "Production.md")

        rows = restore_to(client, mission, at=then.isoformat()).json()["files"]

        (row,) = [row for row in rows if row["path"] == "production.md"]
        assert (row["change"], row["moved_from"]) == ("moved", "Production.md")
        assert texts(mission) == AS_IT_WAS

    def test_a_folder_is_spelled_as_it_was_then(
        self, client: APIClient, mission: Mission, owner: User, clock: Iterator[datetime]
    ) -> None:
        author = Author.person(owner)
        land(mission, [Change(path="d/a.md", text="A.\n")], author=author, now=next(clock))
        before, moment = texts(mission), next(clock)
        for change in (
            Change(path="D/a.md", text=None, moved_from="d/a.md"),
            Change(path="D/later.md", text="Later.\n"),
        ):
            land(mission, [change], author=author, now=next(clock))

        assert restore_to(client, mission, at=moment.isoformat()).status_code == 200

        assert texts(mission) == before

    def test_one_returns_where_another_of_other_case_was_since(
        self, client: APIClient, mission: Mission, owner: User, clock: Iterator[datetime]
    ) -> None:
        author = Author.person(owner)
        land(mission, [Change(path="d/a.md", text="A.\n")], author=author, now=next(clock))
        before, moment = texts(mission), next(clock)
        for change in (
            Change(path="d/a.md", text=None, base=1),
            Change(path="D/b.md", text="B.\n"),
        ):
            land(mission, [change], author=author, now=next(clock))

        assert restore_to(client, mission, at=moment.isoformat()).status_code == 200

        assert texts(mission) == before


class TestAllOrNothing:
    def test_nothing_changes_when_something_fails(
        self,
        mission: Mission,
        owner: User,
        then: datetime,
        clock: Iterator[datetime],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fail(_landed: object) -> None:
            raise RuntimeError("no")

        monkeypatch.setattr(hooks, "on_landed", [fail])
        moment = moments.moment_at(mission=mission, at=then)

        with pytest.raises(ServiceError):
            RestoreMissionTo(mission=mission, user=owner, moment=moment, now=next(clock)).execute()

        assert texts(mission) == AS_IT_IS

    def test_goes_on_from_what_someone_saved_in_between(
        self,
        client: APIClient,
        mission: Mission,
        owner: User,
        then: datetime,
        clock: Iterator[datetime],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A file that appears between the plan and the landing was not there then either."""
        late = [Change(path="production.md", text="Late.\n", base=2)]

        def land_late(*args: Any, **options: Any) -> object:
            if late:
                land(mission, [late.pop()], author=Author.person(owner), now=next(clock))
            return land(*args, **options)

        monkeypatch.setattr(restore, "land", land_late)

        assert restore_to(client, mission, at=then.isoformat()).status_code == 200

        assert texts(mission) == AS_IT_WAS
        late_one = Revision.objects.get(file__path="production.md", number=3)
        assert late_one.user == owner

    def test_goes_on_from_where_someone_moved_files_in_between(
        self,
        client: APIClient,
        mission: Mission,
        owner: User,
        then: datetime,
        clock: Iterator[datetime],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        late = [
            Change(path="production.md", text=None, moved_from="new.md"),
            Change(path="final.md", text=None, moved_from="production.md"),
        ]

        def land_late(*args: Any, **options: Any) -> object:
            while late:
                land(mission, [late.pop()], author=Author.person(owner), now=next(clock))
            return land(*args, **options)

        monkeypatch.setattr(restore, "land", land_late)

        assert restore_to(client, mission, at=then.isoformat()).status_code == 200

        assert texts(mission) == AS_IT_WAS


class TestRunsAtWork:
    """A person does not wait for a run; what it lands later is merged or proposed."""

    def test_merges_what_does_not_overlap(
        self, client: APIClient, mission: Mission, then: datetime, clock: Iterator[datetime]
    ) -> None:
        lease = self._lease(mission, clock)

        assert restore_to(client, mission, at=then.isoformat()).status_code == 200
        self._land(mission, lease, LATER.replace("Third", "Agent"), clock)

        assert texts(mission)["production.md"] == TEXT.replace("Third", "Agent")

    def test_proposes_what_does(
        self, client: APIClient, mission: Mission, then: datetime, clock: Iterator[datetime]
    ) -> None:
        lease = self._lease(mission, clock)

        restore_to(client, mission, at=then.isoformat())
        self._land(mission, lease, LATER.replace("Later", "Agent"), clock)

        assert texts(mission)["production.md"] == TEXT
        assert Proposal.objects.get().reason == Proposal.Reason.OVERLAP

    @staticmethod
    def _lease(mission: Mission, clock: Iterator[datetime]) -> Any:
        now = next(clock)
        return take_lease(
            mission_id=mission.pk,
            role="production",
            run_id=uuid4(),
            patterns=["production.md"],
            now=now,
            ends_at=now + timedelta(hours=1),
        )

    @staticmethod
    def _land(mission: Mission, lease: Any, text: str, clock: Iterator[datetime]) -> None:
        land(
            mission,
            [Change(path="production.md", text=text, base=2)],
            author=Author.agent("production", lease.run_id),
            now=next(clock),
            fence=lease.token,
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 422),
            ({"at": "yesterday"}, 422),
            ({"at": "2026-01-01T00:00:00Z", "seq": 1}, 422),
            ({"at": "1990-01-01T00:00:00Z"}, 404),
            ({"seq": -1}, 422),
            ({"seq": 10**30}, 422),
            ({"seq": 9999}, 404),
            ({"revision": 1}, 422),
            ({"revision": {"path": "../x.md", "number": 1}}, 422),
            ({"revision": {"path": "none.md", "number": 1}}, 404),
            ({"revision": {"path": "production.md", "number": 9}}, 404),
        ],
    )
    def test_what_is_no_moment(
        self, client: APIClient, mission: Mission, then: datetime, body: Any, status: int
    ) -> None:
        assert restore_to(client, mission, **body).status_code == status
        assert texts(mission) == AS_IT_IS

    def test_an_event_that_is_no_longer_kept(
        self, client: APIClient, mission: Mission, then: datetime
    ) -> None:
        Event.objects.filter(mission=mission, seq__lte=2).delete()

        assert restore_to(client, mission, seq=2).status_code == 404

    def test_only_those_who_may_write(
        self, viewer: User, stranger: User, mission: Mission, then: datetime
    ) -> None:
        body = {"at": then.isoformat()}

        assert restore_to(browser(viewer), mission, **body).status_code == 403
        assert restore_to(browser(stranger), mission, **body).status_code == 404

    def test_an_archived_mission(self, client: APIClient, mission: Mission, then: datetime) -> None:
        client.post(f"/api/v1/missions/{mission.pk}/archive")

        assert restore_to(client, mission, at=then.isoformat()).status_code == 409
