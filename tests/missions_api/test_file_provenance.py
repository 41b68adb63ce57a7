from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions import hooks
from missions.api.views.provenance import ProvenanceSerializer
from missions.landing import Author, Change, land
from missions.models import Mission, Provenance
from missions.services import provenance as services
from tests.missions_api.conftest import TEXT

RUN = uuid4()


@pytest.fixture
def file(url: str) -> str:
    return f"{url}files/production.md"


@pytest.fixture
def written(client: APIClient, file: str, mission: Mission) -> None:
    """A file that Parallagon began, an agent went on with, and a person corrected."""
    changes = [Change(path="production.md", text=f"{TEXT}\nBy an agent.\n", base=1)]
    land(mission, changes, author=Author.agent("production", RUN), now=timezone.now())
    text = f"{TEXT.replace('First', 'Primo')}\nBy an agent.\n"
    assert client.put(file, {"text": text, "base": 2}, format="json").status_code == 200


def know(facts: dict[UUID, hooks.RunFacts]) -> None:
    hooks.runs.append(lambda ids: {one: facts[one] for one in ids if one in facts})


@pytest.mark.usefixtures("written")
class TestReadProvenance:
    def test_tells_who_wrote_each_line_and_paragraph(self, client: APIClient, file: str) -> None:
        body = client.get(f"{file}/provenance").json()

        assert (body["path"], body["revision"]) == ("production.md", 3)
        assert body["lines"] == [[2, 1], [1, 3], [4, 1], [2, 2]]
        assert body["paragraphs"] == [
            {"start": start, "end": start, "revision": one, "last": one, "contributors": [one]}
            for start, one in ((1, 1), (3, 3), (5, 1), (7, 1), (9, 2))
        ]
        assert [body["revisions"][one]["author"]["name"] for one in "123"] == [
            "system",
            "production",
            "Ada Lovelace",
        ]

    def test_tells_the_run_and_what_it_cost(self, client: APIClient, file: str) -> None:
        cost = Decimal("0.0123")
        know({RUN: hooks.RunFacts(outcome="changed", model="m", input_tokens=9, cost=cost)})

        agent = client.get(f"{file}/provenance").json()["revisions"]["2"]

        assert (agent["run"], agent["author"]["role"]) == (str(RUN), "production")
        assert (agent["outcome"], agent["input_tokens"], agent["cost"]) == (
            "changed", 9, "0.012300",
        )  # fmt: skip
        assert agent["output_tokens"] is None  # unknown is not zero

    def test_of_a_run_that_nobody_knows_costs_nobody_knows_what(
        self, client: APIClient, file: str
    ) -> None:
        agent = client.get(f"{file}/provenance").json()["revisions"]["2"]

        assert (agent["run"], agent["outcome"], agent["cost"]) == (str(RUN), None, None)

    def test_as_of_an_older_revision(self, client: APIClient, file: str) -> None:
        body = client.get(f"{file}/provenance?revision=2").json()

        assert (body["revision"], body["lines"]) == (2, [[7, 1], [2, 2]])

    def test_of_a_removed_file(self, client: APIClient, file: str) -> None:
        client.delete(file)

        assert client.get(f"{file}/provenance").status_code == 404
        assert client.get(f"{file}/provenance?revision=4").json()["lines"] == []
        assert client.get(f"{file}/provenance?revision=3").json()["lines"][0] == [2, 1]

    def test_is_as_described(self, client: APIClient, file: str) -> None:
        body = client.get(f"{file}/provenance").json()

        assert ProvenanceSerializer(body).data == body

    def test_is_not_sent_twice(self, client: APIClient, file: str) -> None:
        first = client.get(f"{file}/provenance")
        again = client.get(f"{file}/provenance", HTTP_IF_NONE_MATCH=first["ETag"])
        older = client.get(f"{file}/provenance?revision=2", HTTP_IF_NONE_MATCH=first["ETag"])

        assert first["ETag"] == client.get(file)["ETag"]
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert older.status_code == 200

    @pytest.mark.parametrize(
        ("query", "status"),
        [("?revision=0", 422), ("?revision=x", 422), ("?revision=9", 404),
         (f"?revision={'9' * 30}", 422)],
    )  # fmt: skip
    def test_refuses_what_never_was(
        self, client: APIClient, file: str, query: str, status: int
    ) -> None:
        assert client.get(f"{file}/provenance{query}").status_code == status

    def test_asks_for_patience_and_gets_there(
        self, client: APIClient, file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "SECONDS", -1)
        answers = [client.get(f"{file}/provenance") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [503, 503, 200]
        assert answers[0].json()["code"] == "provenance_pending"
        assert answers[0]["Retry-After"]


@pytest.mark.usefixtures("written")
class TestQueries:
    def test_cost_the_same_however_many_wrote(
        self, client: APIClient, file: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(3, 30):
            self._save(client, file, number)

        # user, membership, file; the place kept, revisions, keeping (savepoint, insert, release),
        # people
        with django_assert_num_queries(9):
            assert len(client.get(f"{file}/provenance").json()["revisions"]) == 30
        # user, membership, file; the place kept, people
        with django_assert_num_queries(5):
            client.get(f"{file}/provenance")
        assert Provenance.objects.count() == 1

    def _save(self, client: APIClient, file: str, number: int) -> None:
        text: Any = client.get(file).json()["text"] + f"\nLine {number}.\n"
        assert client.put(file, {"text": text, "base": number}, format="json").status_code == 200
