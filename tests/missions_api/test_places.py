from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions.landing import Author, Change, land
from missions.models import Event, Mission, MissionFile, Revision
from missions.services import places
from missions.storage import FileManager
from parallagon.accounts.models import User
from tests.factories import make_mission, write_files
from tests.missions.conftest import NOW
from tests.missions_api.conftest import TEXT, browser

FOLDER = {"production/a.md": "A.\n", "production/deep/b.md": "B.\n"}


@pytest.fixture
def client(owner: User) -> APIClient:
    return browser(owner)


@pytest.fixture
def url(mission: Mission) -> str:
    return f"/api/v1/missions/{mission.pk}/files/"


@pytest.fixture
def file(url: str) -> str:
    return f"{url}production.md"


@pytest.fixture
def folder(url: str, mission: Mission) -> str:
    write_files(mission, FOLDER)
    return f"{url}production"


def paths(client: APIClient, url: str, query: str = "") -> list[str]:
    return [row["path"] for row in client.get(f"{url}{query}").json()["results"]]


def move(client: APIClient, url: str, to: Any, **options: Any) -> Any:
    return client.patch(url, {"path": to}, format="json", **options)


class TestRenameFile:
    def test_answers_with_the_file_where_it_is(self, client: APIClient, file: str) -> None:
        before = client.get(file).json()

        response = move(client, file, "rapport.md")

        assert response.status_code == 200
        (row,) = response.json()["results"]
        assert (row["id"], row["path"], row["revision"]) == (before["id"], "rapport.md", 2)
        assert row["hash"] == before["hash"]

    def test_keeps_the_history(self, client: APIClient, file: str, url: str) -> None:
        move(client, file, "rapport.md")

        for path in ("rapport.md", "production.md"):  # whoever knows the old path finds it too
            rows = client.get(f"{url}{path}/revisions/").json()["results"]
            assert [row["operation"] for row in rows] == ["MOVE", "CREATE"]

    def test_old_path_says_where_it_went(self, client: APIClient, file: str) -> None:
        move(client, file, "rapport.md")

        for answer in (client.get(file), move(client, file, "x.md"), client.delete(file)):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert answer.json()["details"]["moved_to"] == "rapport.md"

    def test_old_path_of_a_removed_file_says_nothing(
        self, client: APIClient, file: str, url: str
    ) -> None:
        move(client, file, "rapport.md")
        client.delete(f"{url}rapport.md")

        assert "moved_to" not in client.get(file).json()["details"]

    def test_a_save_of_the_old_path_follows(self, client: APIClient, file: str) -> None:
        move(client, file, "rapport.md")

        response = client.put(file, {"text": "New.\n", "base": 1}, format="json")

        assert response.status_code == 200
        assert (response.json()["path"], response.json()["text"]) == ("rapport.md", "New.\n")

    def test_a_save_that_names_the_file_is_not_taken_for_another(
        self, client: APIClient, file: str, url: str
    ) -> None:
        known = client.get(file).json()
        move(client, file, "rapport.md")
        client.post(url, {"path": "production.md", "text": "Another.\n"}, format="json")

        body = {"text": "New.\n", "base": 1, "file": known["id"]}
        response = client.put(file, body, format="json")

        assert response.json()["path"] == "rapport.md"
        assert client.get(file).json()["text"] == "Another.\n"

    def test_a_strict_save_of_the_old_path_does_not(self, client: APIClient, file: str) -> None:
        tag = client.get(file)["ETag"]
        move(client, file, "rapport.md")

        body = {"text": "New.\n", "base": 1}
        response = client.put(file, body, format="json", headers={"If-Match": tag})

        assert response.status_code == 412

    def test_to_where_another_file_is(self, client: APIClient, file: str) -> None:
        response = move(client, file, "demande.md")

        assert (response.status_code, response.json()["code"]) == (409, "exists")
        assert client.get(file).status_code == 200

    def test_to_where_it_is_changes_nothing(self, client: APIClient, file: str) -> None:
        assert move(client, file, "production.md").json()["results"][0]["revision"] == 1

    def test_into_a_folder_and_to_another_case(
        self, client: APIClient, file: str, url: str
    ) -> None:
        move(client, file, "parts/one.md")
        move(client, f"{url}parts/one.md", "parts/One.md")

        assert paths(client, url) == ["demande.md", "parts/One.md"]

    @pytest.mark.parametrize(
        "to", ["", "../x.md", "x", "x.exe", "a/", "CON.md", "x.md/y.md", None, 3]
    )
    def test_to_no_path_of_a_file(self, client: APIClient, file: str, to: Any) -> None:
        assert move(client, file, to).status_code == 422

    def test_to_a_format_that_its_text_is_not(self, client: APIClient, file: str) -> None:
        assert move(client, file, "x.json").status_code == 422

        body = {"path": "x.json", "allow_invalid": True}
        assert client.patch(file, body, format="json").status_code == 200

    def test_strictly(self, client: APIClient, file: str) -> None:
        tag = client.get(file)["ETag"]
        client.put(file, {"text": "New.\n", "base": 1}, format="json")

        assert move(client, file, "r.md", headers={"If-Match": tag}).status_code == 412
        new = client.get(file)["ETag"]
        assert move(client, file, "r.md", headers={"If-Match": new}).status_code == 200

    def test_tells_everyone_who_looks_on(
        self, client: APIClient, file: str, mission: Mission
    ) -> None:
        move(client, file, "rapport.md")

        removed, changed = Event.objects.filter(mission=mission).order_by("-seq")[:2][::-1]
        assert (removed.type, removed.data["moved_to"]) == ("file.removed", "rapport.md")
        assert (changed.type, changed.data["moved_from"]) == ("file.changed", "production.md")

    def test_of_an_archived_mission(self, client: APIClient, file: str, mission: Mission) -> None:
        client.post(f"/api/v1/missions/{mission.pk}/archive")

        assert move(client, file, "rapport.md").json()["code"] == "archived"


class TestFolder:
    def test_moves_whole(self, client: APIClient, folder: str, url: str) -> None:
        response = move(client, folder, "texte")

        assert [row["path"] for row in response.json()["results"]] == [
            "texte/a.md",
            "texte/deep/b.md",
        ]
        assert paths(client, url) == [
            "demande.md",
            "production.md",
            "texte/a.md",
            "texte/deep/b.md",
        ]

    def test_leaves_no_empty_folder(self, client: APIClient, folder: str, mission: Mission) -> None:
        move(client, folder, "texte")

        assert not (FileManager(mission).root / "production").exists()

    def test_moves_whole_or_not_at_all(
        self, client: APIClient, folder: str, url: str, mission: Mission
    ) -> None:
        write_files(mission, {"texte/deep/b.md": "Other.\n"})

        response = move(client, folder, "texte")

        assert (response.status_code, response.json()["details"]["path"]) == (
            409,
            "texte/deep/b.md",
        )
        assert set(FOLDER) <= set(paths(client, url))

    def test_goes_into_another_folder(self, client: APIClient, folder: str, url: str) -> None:
        move(client, folder, "old/production/")

        assert paths(client, url)[1:3] == ["old/production/a.md", "old/production/deep/b.md"]

    def test_does_not_go_into_itself(self, client: APIClient, folder: str) -> None:
        assert move(client, folder, "production/inner").status_code == 422

    def test_is_spelled_with_other_case(self, client: APIClient, folder: str, url: str) -> None:
        assert move(client, folder, "Production").status_code == 200
        assert "Production/deep/b.md" in paths(client, url)

    def test_is_not_one_whose_name_begins_alike(
        self, client: APIClient, folder: str, url: str, mission: Mission
    ) -> None:
        write_files(mission, {"productions/c.md": "C.\n"})

        client.delete(folder)

        assert "productions/c.md" in paths(client, url)

    @pytest.mark.parametrize("name", ["diff", "restore", "revisions", "provenance"])
    def test_may_be_called_like_an_action(
        self, client: APIClient, url: str, mission: Mission, name: str
    ) -> None:
        write_files(mission, {f"notes/{name}/a.md": "A.\n"})

        assert move(client, f"{url}notes/{name}/", "elsewhere").status_code == 200
        assert "elsewhere/a.md" in paths(client, url)

    def test_goes_away_whole(self, client: APIClient, folder: str, url: str) -> None:
        assert client.delete(f"{folder}/").status_code == 204

        assert paths(client, url) == ["demande.md", "production.md"]
        assert paths(client, url, "?removed=true") == sorted(FOLDER)

    def test_that_is_not_there(self, client: APIClient, url: str) -> None:
        assert client.delete(f"{url}nowhere").status_code == 404
        assert move(client, f"{url}nowhere", "x").status_code == 404

    def test_has_no_entity_tag(self, client: APIClient, folder: str) -> None:
        assert client.delete(folder, headers={"If-Match": "*"}).status_code == 412
        assert move(client, folder, "x", headers={"If-Match": "*"}).status_code == 412

    def test_of_too_many_files(
        self, client: APIClient, folder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(places, "MOST_AT_ONCE", 1)

        for answer in (client.delete(folder), move(client, folder, "texte")):
            assert (answer.status_code, answer.json()["code"]) == (422, "too_many_files")
            assert answer.json()["details"]["count"] == 2

    def test_to_which_someone_adds_a_file_meanwhile(
        self,
        client: APIClient,
        folder: str,
        url: str,
        mission: Mission,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def late(*args: Any, **options: Any) -> Any:
            monkeypatch.undo()
            write_files(mission, {"production/late.md": "Late.\n"})
            return land(*args, **options)

        monkeypatch.setattr("missions.services.places.land", late)

        move(client, folder, "texte")

        assert "texte/late.md" in paths(client, url)


class TestRemovedFiles:
    def test_are_listed_with_who_removed_them(
        self, client: APIClient, file: str, url: str, editor: User
    ) -> None:
        browser(editor).delete(file)

        (row,) = client.get(f"{url}?removed=true").json()["results"]
        assert (row["path"], row["revision"], row["author"]["kind"]) == (
            "production.md",
            1,
            "system",
        )
        assert row["removed"]["author"]["name"] == editor.username
        assert row["removed"]["at"] > row["updated_at"]
        assert client.get(url).json()["results"][0]["removed"] is None

    def test_are_listed_with_few_queries(
        self,
        client: APIClient,
        folder: str,
        url: str,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client.delete(folder)

        with django_assert_num_queries(3):  # user, membership, files
            assert len(paths(client, url, "?removed=true")) == 2

    def test_come_back(self, client: APIClient, file: str) -> None:
        client.delete(file)

        response = client.post(f"{file}/restore", {"revision": 1}, format="json")

        assert (response.status_code, response.json()["revision"]) == (200, 3)
        assert client.get(file).json()["text"] == TEXT

    def test_do_not_replace_another(self, client: APIClient, file: str, url: str) -> None:
        gone = client.get(file).json()["id"]
        client.delete(file)
        move(client, f"{url}demande.md", "production.md")

        body = {"revision": 1, "file": gone}
        response = client.post(f"{file}/restore", body, format="json")

        assert (response.status_code, response.json()["code"]) == (409, "exists")
        assert "production.md" in response.json()["detail"]
        move(client, file, "demande.md")
        assert client.post(f"{file}/restore", body, format="json").status_code == 200
        assert client.get(file).json()["text"] == TEXT

    def test_each_of_one_path_can_come_back(self, client: APIClient, file: str, url: str) -> None:
        first = client.get(file).json()["id"]
        client.delete(file)
        move(client, f"{url}demande.md", "production.md")
        client.delete(file)

        rows = client.get(f"{url}?removed=true").json()["results"]
        assert [row["path"] for row in rows] == ["production.md", "production.md"]
        old = client.get(f"{file}/revisions/1/?file={first}").json()
        assert old["text"] == TEXT
        body = client.get(f"{file}/diff?from=0&to=1&file={first}").json()
        assert [piece["text"] for piece in body["hunks"][0]["lines"][0]["pieces"]] == ["# Title"]
        body = client.get(f"{file}/provenance?revision=1&file={first}").json()
        assert sum(count for count, _number in body["lines"]) == TEXT.count("\n")
        assert client.get(f"{file}/provenance?file={first}").json()["revision"] == 2
        client.post(f"{file}/restore", {"revision": 1, "file": first}, format="json")
        assert client.get(file).json()["text"] == TEXT
        assert client.get(file).json()["id"] == first

    def test_of_a_reset_come_back(self, client: APIClient, mission: Mission, url: str) -> None:
        write_files(mission, {"notes/mine.md": "Mine.\n"})
        assert client.post(f"/api/v1/missions/{mission.pk}/reset").status_code == 200

        (row,) = [
            row
            for row in client.get(f"{url}?removed=true").json()["results"]
            if row["path"] == "notes/mine.md"
        ]
        body = {"revision": row["revision"], "file": row["id"]}
        client.post(f"{url}{row['path']}/restore", body, format="json")

        assert client.get(f"{url}notes/mine.md").json()["text"] == "Mine.\n"

    def test_are_of_this_mission_only(self, client: APIClient, file: str) -> None:
        other = MissionFile.objects.create(mission=_another(), path="x.md", path_key="x.md")

        assert client.get(f"{file}/revisions/?file={other.pk}").status_code == 404
        body = {"revision": 1, "file": other.pk}
        assert client.post(f"{file}/restore", body, format="json").status_code == 404

    def test_removed_by_another_program_are_listed_too(
        self, client: APIClient, mission: Mission, url: str
    ) -> None:
        change = Change(path="production.md", text=None)
        land(mission, [change], author=Author.EXTERNAL, now=NOW)

        (row,) = client.get(f"{url}?removed=true").json()["results"]
        assert row["removed"]["author"]["kind"] == Revision.AuthorKind.EXTERNAL


def _another() -> Mission:
    return make_mission()
