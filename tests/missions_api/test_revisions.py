from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions.models import Mission, Revision
from tests.missions_api.conftest import TEXT


@pytest.fixture
def file(url: str) -> str:
    return f"{url}files/production.md"


@pytest.fixture
def texts(client: APIClient, file: str) -> list[str]:
    """Return the texts of three revisions that are there."""
    later = [TEXT.replace("First", "Primo"), TEXT.replace("Second", "Secondo")]
    for base, text in enumerate(later, start=1):
        assert client.put(file, {"text": text, "base": base}, format="json").status_code == 200
    return [TEXT, *later]


@pytest.mark.usefixtures("texts")
class TestListRevisions:
    def test_lists_the_newest_first(self, client: APIClient, file: str) -> None:
        body = client.get(f"{file}/revisions/").json()

        assert [row["number"] for row in body["results"]] == [3, 2, 1]
        assert [row["operation"] for row in body["results"]] == ["WRITE", "WRITE", "CREATE"]
        assert body["results"][0]["author"]["name"] == "Ada Lovelace"
        assert body["results"][2]["size"] == len(TEXT)

    def test_comes_in_pages(self, client: APIClient, file: str) -> None:
        first = client.get(f"{file}/revisions/?page_size=2").json()
        second = client.get(first["next"]).json()

        assert [row["number"] for row in first["results"]] == [3, 2]
        assert [row["number"] for row in second["results"]] == [1]
        assert second["next"] is None

    def test_costs_the_same_however_many(
        self, client: APIClient, file: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(4):  # user, membership, file, revisions
            assert len(client.get(f"{file}/revisions/").json()["results"]) == 3


class TestReadRevision:
    def test_gives_the_text_as_it_was(self, client: APIClient, file: str, texts: list[str]) -> None:
        for number, text in enumerate(texts, start=1):
            body = client.get(f"{file}/revisions/{number}/").json()
            assert (body["number"], body["text"]) == (number, text)

    def test_of_a_removal_is_empty(self, client: APIClient, file: str) -> None:
        client.delete(file)

        body = client.get(f"{file}/revisions/2/").json()

        assert (body["hash"], body["size"], body["text"]) == (None, 0, "")

    @pytest.mark.parametrize("number", ["0", "9", "9" * 30])
    def test_that_never_was(self, client: APIClient, file: str, number: str) -> None:
        assert client.get(f"{file}/revisions/{number}/").status_code == 404


@pytest.mark.usefixtures("texts")
class TestDiff:
    def test_compares_two_revisions(self, client: APIClient, file: str) -> None:
        body = client.get(f"{file}/diff?from=1&to=2").json()

        assert body["unified"].splitlines()[:2] == ["--- a/production.md", "+++ b/production.md"]
        assert "\n-First.\n+Primo.\n" in body["unified"]
        assert (body["path"], body["from"], body["to"]) == ("production.md", 1, 2)

    def test_tells_the_words_that_changed(self, client: APIClient, file: str) -> None:
        body = client.get(f"{file}/diff?from=1&to=2").json()

        (hunk,) = body["hunks"]
        changed = [line for line in hunk["lines"] if line["kind"] != "context"]
        assert changed == [
            {
                "kind": "removed",
                "before": 3,
                "after": None,
                "pieces": [{"kind": "removed", "text": "First."}],
                "is_ended": True,
            },
            {
                "kind": "added",
                "before": None,
                "after": 3,
                "pieces": [{"kind": "added", "text": "Primo."}],
                "is_ended": True,
            },
        ]
        assert body["is_truncated"] is False

    def test_names_both_paths_of_a_file_that_moved(self, client: APIClient, file: str) -> None:
        Revision.objects.filter(file__path="production.md", number=1).update(path="draft.md")

        body = client.get(f"{file}/diff?from=1&to=2").json()

        assert body["unified"].splitlines()[:2] == ["--- a/draft.md", "+++ b/production.md"]
        assert (body["from_path"], body["to_path"]) == ("draft.md", "production.md")

    def test_is_sent_once_to_those_who_keep_it(self, client: APIClient, file: str) -> None:
        url = f"{file}/diff?from=1&to=2"
        etag = client.get(url)["ETag"]

        assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
        other = client.get(f"{file}/diff?from=1&to=3", headers={"If-None-Match": etag})
        assert other.status_code == 200

    def test_zero_is_before_the_first(self, client: APIClient, file: str) -> None:
        body = client.get(f"{file}/diff?from=0&to=1").json()

        assert "+# Title" in body["unified"]

    def test_of_the_same_is_empty(self, client: APIClient, file: str) -> None:
        assert client.get(f"{file}/diff?from=2&to=2").json()["unified"] == ""

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("", 422),
            ("from=1", 422),
            ("from=a&to=2", 422),
            ("from=-1&to=2", 422),
            ("from=1&to=9", 404),
        ],
    )
    def test_refuses_what_cannot_be_compared(
        self, client: APIClient, file: str, query: str, status: int
    ) -> None:
        assert client.get(f"{file}/diff?{query}").status_code == status


class TestRestoreRevision:
    def test_makes_an_old_text_current(
        self, client: APIClient, file: str, texts: list[str]
    ) -> None:
        response = client.post(f"{file}/restore", {"revision": 1}, format="json")

        assert response.status_code == 200
        assert (response.json()["revision"], response.json()["text"]) == (4, TEXT)
        assert client.get(file).json()["text"] == TEXT
        assert Revision.objects.get(number=4).operation == "RESTORE"

    def test_brings_a_removed_file_back(self, client: APIClient, file: str) -> None:
        client.delete(file)

        response = client.post(f"{file}/restore", {"revision": 1}, format="json")

        assert (response.status_code, response.json()["revision"]) == (200, 3)

    def test_a_removal_cannot_be_restored(self, client: APIClient, file: str) -> None:
        client.delete(file)

        assert client.post(f"{file}/restore", {"revision": 2}, format="json").status_code == 404

    @pytest.mark.parametrize("wrong", [{}, {"revision": 0}, {"revision": "x"}, [], "x", None])
    def test_refuses_what_is_no_number(self, client: APIClient, file: str, wrong: Any) -> None:
        response = client.post(f"{file}/restore", wrong, format="json")

        assert response.status_code == 422

    def test_replaces_what_was_written_in_between(
        self, client: APIClient, file: str, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Restoring means this text, not a merge of it with what someone saved meanwhile."""
        from missions.services import files

        changed = TEXT.replace("Third", "Terzo")
        client.put(file, {"text": changed, "base": 1}, format="json")
        real = files.current_number
        stale = [1]
        monkeypatch.setattr(
            files, "current_number", lambda *args: stale.pop() if stale else real(*args)
        )

        response = client.post(f"{file}/restore", {"revision": 1}, format="json")

        assert response.json()["text"] == TEXT
        assert not stale
