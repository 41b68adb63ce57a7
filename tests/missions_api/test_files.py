import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions.locks import write_lock
from missions.models import Event, Mission, MissionFile, Revision
from missions.storage import FileManager
from parallagon.accounts.models import User
from tests.factories import write_files
from tests.missions_api.conftest import TEXT, browser


@pytest.fixture
def file(url: str) -> str:
    return f"{url}files/production.md"


def put(client: APIClient, url: str, text: str, base: int | None, **options: Any) -> Any:
    return client.put(url, {"text": text, "base": base}, format="json", **options)


class TestListFiles:
    def test_lists_what_is_there(self, client: APIClient, url: str) -> None:
        body = client.get(f"{url}files/").json()

        assert [file["path"] for file in body["results"]] == ["demande.md", "production.md"]
        assert (body["next"], body["previous"]) == (None, None)

    def test_says_whose_file_it_is(self, client: APIClient, url: str, mission: Mission) -> None:
        write_files(mission, {"production/a.md": "A\n", "notes/x.txt": "X\n", "suivi.md": "S\n"})

        files = client.get(f"{url}files/", headers={"Accept-Language": "en"}).json()["results"]

        assert {file["path"]: (file["role"], file["label"]) for file in files} == {
            "demande.md": ("request", "Request"),
            "notes/x.txt": (None, ""),
            "production.md": ("production", "Production"),
            "production/a.md": ("production", ""),
            "suivi.md": ("suivi", "Follow-up"),
        }

    def test_describes_a_file(self, client: APIClient, url: str) -> None:
        (_, file) = client.get(f"{url}files/").json()["results"]

        revision = Revision.objects.get(file__path="production.md")
        assert file.pop("updated_at")
        assert file == {
            "id": revision.file_id,
            "path": "production.md",
            "label": file["label"],
            "role": "production",
            "revision": 1,
            "hash": revision.blob_id,
            "size": len(TEXT),
            "author": {"kind": "system", "name": "system", "role": None, "run": None},
            "removed": None,
        }

    def test_leaves_out_what_was_removed(self, client: APIClient, url: str, file: str) -> None:
        client.delete(file)

        (left,) = client.get(f"{url}files/").json()["results"]
        assert left["path"] == "demande.md"

    def test_costs_the_same_however_many(
        self,
        client: APIClient,
        url: str,
        mission: Mission,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        write_files(mission, {f"notes/{number}.md": f"{number}\n" for number in range(8)})

        with django_assert_num_queries(3):  # user, membership, files
            assert len(client.get(f"{url}files/").json()["results"]) == 10


class TestReadFile:
    def test_gives_the_text(self, client: APIClient, file: str) -> None:
        body = client.get(file).json()

        assert (body["text"], body["revision"]) == (TEXT, 1)

    def test_gives_lf_and_no_bom(self, client: APIClient, url: str, mission: Mission) -> None:
        write_files(mission, {"windows.md": "\ufeffa\r\nb\r\n"})

        body = client.get(f"{url}files/windows.md").json()

        assert body["text"] == "a\nb\n"
        assert body["size"] == len("\ufeffa\r\nb\r\n".encode())

    def test_knows_who_has_it_already(self, client: APIClient, file: str) -> None:
        tag = client.get(file)["ETag"]

        again = client.get(file, headers={"If-None-Match": tag})

        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)

    def test_reads_the_revision_not_the_folder(
        self, client: APIClient, file: str, mission: Mission
    ) -> None:
        FileManager(mission).write("production.md", b"by another program\n")

        assert client.get(file).json()["text"] == TEXT

    def test_a_file_that_is_not_there(self, client: APIClient, url: str) -> None:
        response = client.get(f"{url}files/nothing.md")

        assert (response.status_code, response.json()["code"]) == (404, "not_found")


class TestCreateFile:
    def test_adds_it(self, client: APIClient, url: str) -> None:
        new = {"path": "notes/new.md", "text": "  kept as it is \n\n"}
        response = client.post(f"{url}files/", new, format="json")

        assert response.status_code == 201
        assert response["ETag"] == client.get(f"{url}files/notes/new.md")["ETag"]
        assert response.json()["text"] == "  kept as it is \n\n"
        assert response.json()["author"]["name"] == "Ada Lovelace"

    @pytest.mark.parametrize("path", ["production.md", "PRODUCTION.md"])
    def test_refuses_one_that_is_there(self, client: APIClient, url: str, path: str) -> None:
        response = client.post(f"{url}files/", {"path": path, "text": "x"}, format="json")

        assert (response.status_code, response.json()["code"]) == (409, "exists")
        assert response.json()["details"] == {"path": "production.md"}

    def test_an_empty_one(self, client: APIClient, url: str) -> None:
        response = client.post(f"{url}files/", {"path": "a.md", "text": ""}, format="json")

        assert (response.status_code, response.json()["size"]) == (201, 0)

    def test_one_that_was_removed(self, client: APIClient, url: str, file: str) -> None:
        client.delete(file)

        new = {"path": "production.md", "text": "Again.\n"}
        response = client.post(f"{url}files/", new, format="json")

        assert (response.status_code, response.json()["revision"]) == (201, 3)


class TestSaveFile:
    def test_writes_a_revision(
        self, client: APIClient, file: str, mission: Mission, owner: User
    ) -> None:
        response = put(client, file, TEXT.replace("First", "Primo"), 1)

        assert response.status_code == 200
        body = response.json()
        assert (body["revision"], body["is_merged"]) == (2, False)
        assert body["author"] == {
            "kind": "person",
            "name": "Ada Lovelace",
            "role": None,
            "run": None,
        }
        assert FileManager(mission).read("production.md") == body["text"].encode()
        assert Revision.objects.get(file__path="production.md", number=2).user == owner

    def test_tells_everyone_who_looks_on(
        self, client: APIClient, file: str, mission: Mission
    ) -> None:
        body = put(client, file, "New.\n", 1).json()

        event = Event.objects.filter(mission=mission).latest("seq")
        assert event.type == "file.changed"
        assert event.data == {
            "path": "production.md",
            "revision": 2,
            "hash": body["hash"],
            "author": body["author"],
        }

    def test_merges_an_older_base(self, client: APIClient, file: str, editor: User) -> None:
        put(browser(editor), file, TEXT.replace("First", "Primo"), 1)

        response = put(client, file, TEXT.replace("Third", "Terzo"), 1)

        body = response.json()
        assert (response.status_code, body["is_merged"], body["revision"]) == (200, True, 3)
        assert body["text"] == TEXT.replace("First", "Primo").replace("Third", "Terzo")

    def test_gives_three_texts_on_overlap(self, client: APIClient, file: str, editor: User) -> None:
        theirs = TEXT.replace("First", "Primo")
        mine = TEXT.replace("First", "Premier")
        put(browser(editor), file, theirs, 1)

        response = put(client, file, mine, 1)

        assert response.status_code == 409
        body = response.json()
        assert body["code"] == "conflict"
        author = {"kind": "person", "name": "editor", "role": None, "run": None}
        assert body["details"] == {
            "path": "production.md",
            "base": {"revision": 1, "text": TEXT},
            "theirs": {"revision": 2, "text": theirs, "author": author},
            "mine": {"text": mine},
        }
        assert client.get(file).json()["text"] == theirs

    def test_without_a_base_creates(self, client: APIClient, url: str) -> None:
        response = put(client, f"{url}files/new.md", "New.\n", None)

        assert (response.status_code, response.json()["revision"]) == (200, 1)

    def test_without_a_base_overwrites_nothing(self, client: APIClient, file: str) -> None:
        response = put(client, file, "New.\n", None)

        assert (response.status_code, response.json()["code"]) == (409, "conflict")
        assert client.get(file).json()["text"] == TEXT

    def test_the_base_must_be_said(self, client: APIClient, file: str) -> None:
        response = client.put(file, {"text": "x"}, format="json")

        assert response.status_code == 422
        assert "base" in response.json()["details"]

    def test_a_base_that_never_was(self, client: APIClient, file: str) -> None:
        assert put(client, file, "x", 7).status_code == 422

    def test_the_same_text_is_no_revision(self, client: APIClient, file: str) -> None:
        response = put(client, file, TEXT, 1)

        assert (response.status_code, response.json()["revision"]) == (200, 1)

    def test_says_where_a_file_is_malformed(self, client: APIClient, url: str) -> None:
        broken = '{\n  "a": ]\n}\n'

        refused = put(client, f"{url}files/data.json", broken, None)

        assert refused.status_code == 422
        assert (refused.json()["details"]["line"], refused.json()["details"]["column"]) == (2, 8)
        kept = client.put(
            f"{url}files/data.json",
            {"text": broken, "base": None, "allow_invalid": True},
            format="json",
        )
        assert kept.json()["text"] == broken

    def test_takes_in_what_another_program_wrote(
        self, client: APIClient, file: str, mission: Mission
    ) -> None:
        FileManager(mission).write("production.md", TEXT.replace("First", "Eins").encode())

        body = put(client, file, TEXT.replace("Third", "Drei"), 1).json()

        assert body["text"] == TEXT.replace("First", "Eins").replace("Third", "Drei")
        authors = client.get(f"{file}/revisions/").json()["results"]
        assert [row["author"]["kind"] for row in authors] == ["person", "external", "system"]


class TestStrictSave:
    def test_with_the_current_tag(self, client: APIClient, file: str) -> None:
        tag = client.get(file)["ETag"]

        response = put(client, file, "New.\n", 1, headers={"If-Match": tag})

        assert response.status_code == 200
        assert response["ETag"] not in {tag, ""}

    def test_never_merges(self, client: APIClient, file: str, editor: User) -> None:
        tag = client.get(file)["ETag"]
        put(browser(editor), file, TEXT.replace("First", "Primo"), 1)

        response = put(client, file, TEXT.replace("Third", "T"), 1, headers={"If-Match": tag})

        assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
        assert MissionFile.objects.get(path="production.md").revisions.count() == 2

    def test_never_merges_what_another_program_wrote(
        self, client: APIClient, file: str, mission: Mission
    ) -> None:
        tag = client.get(file)["ETag"]
        FileManager(mission).write("production.md", TEXT.replace("First", "Eins").encode())

        response = put(client, file, TEXT.replace("Third", "T"), 1, headers={"If-Match": tag})

        assert response.status_code == 412
        assert client.get(file).json()["text"] == TEXT.replace("First", "Eins")

    def test_of_a_file_that_is_not_there(self, client: APIClient, url: str) -> None:
        response = put(client, f"{url}files/new.md", "x", None, headers={"If-Match": "*"})

        assert response.status_code == 412

    def test_any_revision_will_do(self, client: APIClient, file: str) -> None:
        assert put(client, file, "x", 1, headers={"If-Match": "*"}).status_code == 200


class TestBusyFile:
    def test_is_told_when_to_try_again(
        self, client: APIClient, file: str, mission: Mission, settings: Any
    ) -> None:
        settings.PARALLAGON_LOCK_TIMEOUT = 0.05

        with write_lock(mission.pk):
            response = put(client, file, "x", 1)

        assert (response.status_code, response.json()["code"]) == (503, "locked")
        assert response.json()["details"]["holder"]["process"] == os.getpid()
        assert int(response["Retry-After"]) >= 1
        assert client.get(file).json()["text"] == TEXT


class TestRemoveFile:
    def test_keeps_its_history(self, client: APIClient, file: str, mission: Mission) -> None:
        assert client.delete(file).status_code == 204

        assert client.get(file).status_code == 404
        assert FileManager(mission).read("production.md") is None
        revisions = client.get(f"{file}/revisions/").json()["results"]
        assert [row["operation"] for row in revisions] == ["DELETE", "CREATE"]

    def test_tells_everyone_who_looks_on(
        self, client: APIClient, file: str, mission: Mission
    ) -> None:
        client.delete(file)

        event = Event.objects.filter(mission=mission).latest("seq")
        assert (event.type, event.data["path"]) == ("file.removed", "production.md")
        assert event.data["author"]["kind"] == "person"

    def test_strictly(self, client: APIClient, file: str) -> None:
        tag = client.get(file)["ETag"]
        put(client, file, "New.\n", 1)

        assert client.delete(file, headers={"If-Match": tag}).status_code == 412
        assert client.get(file).json()["text"] == "New.\n"

    def test_twice(self, client: APIClient, file: str) -> None:
        client.delete(file)

        assert client.delete(file).status_code == 404


@pytest.mark.django_db(transaction=True)
class TestManyPeopleAtOnce:
    def test_every_line_is_kept(self, mission: Mission, owner: User) -> None:
        """Eight people add a line each to another section, all from the first revision."""
        sections = [f"## {number}\n\nText.\n\n" for number in range(8)]
        write_files(mission, {"notes.md": "".join(sections)})
        url = f"/api/v1/missions/{mission.pk}/files/notes.md"

        def add(number: int) -> int:
            text = "".join(
                section.replace("Text", f"Text by {number}") if index == number else section
                for index, section in enumerate(sections)
            )
            try:
                return int(put(browser(owner), url, text, 1).status_code)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(add, range(8)))

        assert statuses == [200] * 8
        text = browser(owner).get(url).json()["text"]
        assert all(f"Text by {number}" in text for number in range(8))
