"""A whole mission, with its history, from one installation to another."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions import hooks
from missions.authors import Author
from missions.landing import Change, land, recover
from missions.models import Blob, LandingRecord, Membership, Mission, MissionFile, Revision
from missions.services import SaveFile
from missions.storage import FileManager
from missions.transfer import outgoing
from missions.transfer.past import past_of
from parallagon.accounts.models import User
from parallagon.core.errors import FileOperationError, ServiceError
from tests.archives import zip_of
from tests.factories import make_mission, make_user
from tests.missions_api.conftest import browser
from tests.missions_api.test_transfer import everything_below, exported, files_in, send

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
OLD, NEW = "Old.\n", "New.\n"
Lines = list[dict[str, Any]]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def lived(owner: User) -> Mission:
    """A mission in which everything that can happen has happened."""
    mission = make_mission(owner=owner, title="Vécu", language="fr")
    agent = Author.agent("production", uuid4())
    person = Author.person(owner)
    steps: list[tuple[Author, list[Change]]] = [
        (Author.SYSTEM, [Change(path="production.md", text="# Draft\n")]),
        (person, [Change(path="demande.md", text="\ufeffWrite.\r\n")]),
        (
            agent,
            [
                Change(path="production.md", text="One.\n", base=1),
                Change(path="production/a.md", text="A.\n"),
            ],
        ),
        (person, [Change(path="production.md", text="Two.\n", base=2)]),
        (Author.EXTERNAL, [Change(path="notes.txt", text="One.\n")]),
        (person, [Change(path="notes.txt", text=None, base=1)]),
        (person, [Change(path="notes.txt", text="Again.\n")]),
        (person, [Change(path="gone.md", text="Gone.\n")]),
        (person, [Change(path="gone.md", text=None, base=1)]),
    ]
    for number, (author, changes) in enumerate(steps):
        land(mission, changes, author=author, now=NOW + timedelta(minutes=number))
    return mission


@pytest.fixture
def saved(client: APIClient, lived: Mission) -> bytes:
    return exported(client, lived.pk, "?as=archive")


@pytest.fixture
def elsewhere(db: None) -> User:
    return make_user(username="bob", first_name="Bob")


def told(mission: Mission) -> Lines:
    """Return what an archive says of a mission's history."""
    return [json.loads(one.as_line()) for one in past_of(mission)]


class TestWholeMission:
    def test_comes_back_with_everything_that_happened(
        self, saved: bytes, lived: Mission, elsewhere: User
    ) -> None:
        answer = send(browser(elsewhere), saved).json()

        copy = Mission.objects.get(pk=answer["mission"]["id"])
        assert told(copy) == told(lived)
        assert (copy.title, copy.language, copy.owner) == ("Vécu", "fr", elsewhere)
        assert answer["skipped"] == []
        assert files_in(exported(browser(elsewhere), copy.pk)) == files_in(saved)

    def test_its_files_are_in_their_folder(self, saved: bytes, client: APIClient) -> None:
        copy = Mission.objects.get(pk=send(client, saved).json()["mission"]["id"])

        folder = FileManager(copy)
        assert {path: folder.read(path) for path in folder.scan()} == files_in(saved)
        assert not LandingRecord.objects.filter(mission=copy, state="OPEN").exists()

    def test_people_are_there_by_name_and_never_by_account(
        self, saved: bytes, client: APIClient, owner: User
    ) -> None:
        copy = send(client, saved).json()["mission"]["id"]

        page = client.get(f"/api/v1/missions/{copy}/files/production.md/revisions/").json()
        assert [one["author"]["name"] for one in page["results"]] == [
            "Ada Lovelace",
            "production",
            "system",
        ]
        assert all(one["author"]["run"] is None for one in page["results"])
        assert not Revision.objects.filter(file__mission_id=copy, user=owner).exists()

    def test_who_wrote_each_line_is_there_by_name(
        self, saved: bytes, lived: Mission, client: APIClient
    ) -> None:
        copy = send(client, saved).json()["mission"]["id"]
        file = "files/production.md/provenance"

        told, known = (
            client.get(f"/api/v1/missions/{mission}/{file}").json()["revisions"]["3"]["author"]
            for mission in (copy, lived.pk)
        )

        assert told == known
        assert told["name"] == "Ada Lovelace"

    def test_goes_on_from_there(self, saved: bytes, client: APIClient, owner: User) -> None:
        copy = Mission.objects.get(pk=send(client, saved).json()["mission"]["id"])

        SaveFile(
            mission=copy, user=owner, path="production.md", text="3.\n", base=3, now=timezone.now()
        ).execute()

        url = f"/api/v1/missions/{copy.pk}/files/"
        assert client.get(f"{url}production.md").json()["revision"] == 4
        back = client.post(f"{url}production.md/restore", {"revision": 1}, format="json")
        assert back.json()["text"] == "# Draft\n"
        assert client.get(f"{url}gone.md/revisions/1/").json()["text"] == "Gone.\n"

    def test_revisions_follow_each_other(self, saved: bytes, client: APIClient) -> None:
        copy = send(client, saved).json()["mission"]["id"]

        for revision in Revision.objects.filter(file__mission_id=copy).select_related("parent"):
            before = revision.parent.number if revision.parent else 0
            assert revision.number == before + 1

    def test_a_copy_of_a_copy_is_the_same(
        self, saved: bytes, client: APIClient, lived: Mission
    ) -> None:
        first = send(client, saved).json()["mission"]["id"]
        second = send(client, exported(client, first, "?as=archive")).json()["mission"]["id"]

        assert told(Mission.objects.get(pk=second)) == told(lived)

    def test_asks_for_its_agents(
        self, saved: bytes, client: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        created: list[hooks.Created] = []
        monkeypatch.setattr(hooks, "on_created", [created.append])

        send(client, saved)

        assert [one.start for one in created] == [False]

    def test_leaves_nothing_when_another_app_fails(
        self, saved: bytes, client: APIClient, lived: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_created: hooks.Created) -> None:
            raise ServiceError("No agents today.")

        monkeypatch.setattr(hooks, "on_created", [fail])

        assert send(client, saved).status_code == 500
        assert list(Mission.objects.all()) == [lived]
        folders = {path.name for path in FileManager(lived).root.parent.iterdir()}
        assert folders == {str(lived.pk)}

    def test_a_folder_that_cannot_be_written_is_written_later(
        self, saved: bytes, client: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise FileOperationError("The disk is full.")

        with monkeypatch.context() as broken:
            broken.setattr(FileManager, "swap", refuse)
            copy = Mission.objects.get(pk=send(client, saved).json()["mission"]["id"])

        assert FileManager(copy).scan() == []
        assert recover(copy.pk) == 1
        assert FileManager(copy).read("production.md") == b"Two.\n"

    def test_a_viewer_may_take_it(self, viewer: User, url: str) -> None:
        assert browser(viewer).get(f"{url}export?as=archive").status_code == 200

    def test_moments_of_the_future_are_now(self, client: APIClient) -> None:
        late = line(at="2999-01-01T00:00:00+00:00", hash=sha(NEW))

        copy = send(client, archive([late])).json()["mission"]["id"]

        revision = Revision.objects.get(file__mission_id=copy)
        assert revision.created_at <= timezone.now()

    def test_a_year_of_work_is_exported_in_few_queries(
        self, lived: Mission, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1):  # revisions with their authors
            outgoing.whole_of(lived)


def line(**changes: Any) -> dict[str, Any]:
    return {
        "file": 0,
        "path": "demande.md",
        "operation": "CREATE",
        "hash": sha(OLD),
        "at": "2026-11-01T10:00:00+00:00",
        "kind": "person",
        "name": "Eve",
        "role": "",
        **changes,
    }


def archive(
    lines: Lines, files: dict[str, str] | None = None, blobs: dict[str, str] | None = None
) -> bytes:
    """Return an archive of a file that was written twice, unless told otherwise."""
    text = "".join(json.dumps(one) + "\n" for one in lines)
    about = {"parallagon": 1, "title": "T", "language": "en"}
    return zip_of(
        {
            ".parallagon/mission.json": json.dumps(about),
            ".parallagon/history.jsonl": text,
            **(files if files is not None else {"demande.md": NEW}),
            **{
                f".parallagon/blobs/{name}": content
                for name, content in (blobs if blobs is not None else {sha(OLD): OLD}).items()
            },
        }
    )


def then(**changes: Any) -> dict[str, Any]:
    return line(**{"operation": "WRITE", "hash": sha(NEW), **changes})


UNTRUE: dict[str, Callable[[], bytes]] = {
    "no line": lambda: archive([]),
    "no object": lambda: archive([3]),  # type: ignore[list-item] # that is the point
    "a key too many": lambda: archive([line(user=1), then()]),
    "a key too few": lambda: archive([{"file": 0}]),
    "a file that is a text": lambda: archive([line(file="0"), then()]),
    "a file that is true": lambda: archive([line(file=True), then()]),
    "files out of order": lambda: archive([line(file=1), then(file=1)]),
    "a negative file": lambda: archive([line(file=-1), then(file=-1)]),
    "a hostile path": lambda: archive([line(path="../x.md"), then()]),
    "a path that is a number": lambda: archive([line(path=3), then()]),
    "no path": lambda: archive([line(path=""), then()]),
    "an operation that is none": lambda: archive([line(operation="EXPLODE"), then()]),
    "an author that is none": lambda: archive([line(kind="root"), then()]),
    "an agent without a role": lambda: archive([line(kind="agent"), then()]),
    "a person with a role": lambda: archive([line(role="production"), then()]),
    "a role that is none": lambda: archive([line(kind="agent", role="../x"), then()]),
    "a name of many lines": lambda: archive([line(name="a\nb"), then()]),
    "a long name": lambda: archive([line(name="x" * 151), then()]),
    "a name that is a list": lambda: archive([line(name=["x"]), then()]),
    "a moment that is none": lambda: archive([line(at="yesterday"), then()]),
    "a moment without a zone": lambda: archive([line(at="2026-11-01T10:00:00"), then()]),
    "a moment before all": lambda: archive([line(at="0001-01-01T00:00:00+00:00"), then()]),
    "a moment that is a number": lambda: archive([line(at=3), then()]),
    "a hash that is a path": lambda: archive([line(hash="../../secret_key"), then()]),
    "a hash that is a number": lambda: archive([line(hash=3), then()]),
    "a content that is missing": lambda: archive([line(), then()], blobs={}),
    "a content under another's hash": lambda: archive([line(), then()], blobs={sha(OLD): "X"}),
    "a content that is no text": lambda: archive([line(), then()], blobs={sha(OLD): "a\0"}),
    "a removal with a content": lambda: archive([line(), then(operation="DELETE")]),
    "no content and no removal": lambda: archive([line(), then(hash=None)]),
    "removed before it was there": lambda: archive(
        [line(hash=None, operation="DELETE"), then()], blobs={}
    ),
    "removed at the end, and there": lambda: archive([line(), then(hash=None, operation="DELETE")]),
    "another text at the end": lambda: archive([line(), then(hash=sha(OLD))]),
    "another path at the end": lambda: archive([line(), then(path="a.md")]),
    "a file that never came": lambda: archive([line(), then()], {"demande.md": NEW, "a.md": ""}),
    "two files at one path": lambda: archive([line(), then(file=1)]),
    "paths that differ by case": lambda: archive(
        [line(hash=sha(NEW)), then(file=1, path="Demande.md")]
    ),
    "bytes": lambda: zip_of({"demande.md": NEW, ".parallagon/history.jsonl": b"\xff\n"}),
    "deep nesting": lambda: zip_of(
        {"demande.md": NEW, ".parallagon/history.jsonl": b"[" * 100_000}
    ),
}


class TestUntrueHistories:
    def test_what_they_are_made_from_is_accepted(self, client: APIClient) -> None:
        assert send(client, archive([line(), then()])).status_code == 201

    @pytest.mark.parametrize("make", UNTRUE.values(), ids=UNTRUE.keys())
    def test_leave_nothing(
        self, client: APIClient, private_data: Path, make: Callable[[], bytes]
    ) -> None:
        before = everything_below(private_data)

        response = send(client, make())

        assert response.status_code == 422
        assert not Mission.objects.exists()
        assert not MissionFile.objects.exists()
        assert not Membership.objects.exists()
        assert not Blob.objects.exists()
        assert everything_below(private_data) == before
