"""Search over HTTP."""

from pathlib import Path

import pytest
from django.core.cache import caches
from rest_framework.test import APIClient

from missions import cache
from missions.models import Mission
from parallagon.accounts.models import User
from parallagon.search.services import RepairIndex, UpdateIndex
from tests.agents.factories import browser, make_agent, make_run
from tests.factories import make_mission, make_user, write_files

URL = "/api/v1/search"


@pytest.fixture
def client(owner: User, mission: Mission) -> APIClient:
    """Return the owner's browser; the index is up to date."""
    UpdateIndex(seconds=60).execute()
    return browser(owner)


class TestSearch:
    def test_a_file_comes_with_its_line_and_its_hits(self, client: APIClient, mission: Mission):
        answer = client.get(URL, {"q": "orchids"})

        assert answer.status_code == 200
        [found] = answer.json()["results"]
        at = found.pop("at")
        assert at
        assert found == {
            "kind": "file",
            "mission": {"id": mission.pk, "title": "The greenhouse", "state": "ACTIVE"},
            "path": "production.md",
            "run": None,
            "line": 5,
            "name": {"text": "production.md", "hits": []},
            "snippet": {"text": "Water the orchids twice a week.", "hits": [[10, 17]]},
        }

    def test_a_run_says_whose_it_was_and_how_it_ended(self, client: APIClient, mission: Mission):
        run = make_run(make_agent(mission, "suivi"), outcome="failed", reason="A comet passed.")
        RepairIndex().execute()

        [found] = client.get(URL, {"q": "comet"}).json()["results"]

        assert (found["kind"], found["path"], found["line"]) == ("run", None, 1)
        assert found["run"] == {
            "id": str(run.pk), "agent": run.agent_id, "role": "suivi", "outcome": "failed"
        }  # fmt: skip

    def test_one_query_whatever_is_found(
        self, client: APIClient, mission: Mission, django_assert_num_queries
    ):
        write_files(mission, {f"notes{number}.md": "Orchids.\n" for number in range(10)})
        UpdateIndex(seconds=60).execute()

        with django_assert_num_queries(2):  # person, what is found
            answer = client.get(URL, {"q": "orchids"})

        assert len(answer.json()["results"]) == 11

    def test_pages_follow_one_another(self, client: APIClient, mission: Mission):
        write_files(mission, {f"notes{number}.md": "Orchids.\n" for number in range(6)})
        UpdateIndex(seconds=60).execute()

        first = client.get(URL, {"q": "orchids", "page_size": "3"}).json()
        second = client.get(first["next"]).json()
        third = client.get(second["next"]).json()

        paths = [one["path"] for page in (first, second, third) for one in page["results"]]
        assert len(paths) == len(set(paths)) == 7
        assert first["previous"] is third["next"] is None
        assert client.get(third["previous"]).json() == second
        assert client.get(second["previous"]).json() == first

    def test_no_more_than_200_results(self, client: APIClient):
        assert client.get(URL, {"q": "orchids", "cursor": "199"}).json()["results"] == []

        assert client.get(URL, {"q": "orchids", "cursor": "200"}).status_code == 404

    @pytest.mark.parametrize("cursor", ["-1", "x", "²", "99999999999", "1.5"])
    def test_a_cursor_that_was_not_made_here_is_not_found(self, client: APIClient, cursor: str):
        assert client.get(URL, {"q": "orchids", "cursor": cursor}).status_code == 404

    @pytest.mark.parametrize(
        "query",
        [
            "", " ", "*", '"', '""', "''", "a'b", "orchids' OR 1=1 --", "NEAR(a b)", "AND", "OR OR",
            "name:x", "{name} : orchids", "^orchids", "orchids*", "(", ")", "a NOT", "-", "--",
            "🌱", "🌱 orchids", "!!", "a & b | c", "<->", ":*", "\\", "%s %d %(x)s", "é" * 500,
            "<script>alert(1)</script>", "a " * 250, "日本語", "\u202e\ud7ff", "x" * 500,
            "-a " * 99, '-"',
            "1e5 -1e5 0x1f 3.14", "les", "the",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("kind", ["", "file"])
    def test_whatever_is_typed_is_answered(self, client: APIClient, query: str, kind: str):
        answer = client.get(URL, {"q": query, **({"kind": kind} if kind else {})})

        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"q": "x" * 10_000},
            {"q": "a\0b"},
            {"q": "a", "kind": "person"},
            {"q": "a", "mission": "x"},
            {"q": "a", "mission": 2**64},
            {"q": "a", "page_size": 1000},
        ],
    )
    def test_what_makes_no_sense_is_refused_with_a_reason(self, client: APIClient, given):
        answer = client.get(URL, given)

        assert answer.status_code == 422
        assert answer.json()["details"]

    def test_who_is_not_signed_in_is_asked_to(self, mission: Mission):
        assert APIClient().get(URL, {"q": "orchids"}).status_code == 401

    def test_a_stranger_finds_nothing_even_where_they_name_the_mission(self, client, mission):
        stranger = browser(make_user())

        answer = stranger.get(URL, {"q": "orchids", "mission": str(mission.pk)})

        assert answer.json()["results"] == []

    def test_a_damaged_content_is_found_without_its_text(self, client: APIClient, settings):
        cache.memory().clear()
        caches["contents"].clear()
        for blob in Path(settings.DATA_DIR, "blobs").glob("*/*"):
            blob.write_bytes(b"damaged")

        [found] = client.get(URL, {"q": "orchids"}).json()["results"]

        assert (found["path"], found["line"], found["snippet"]["text"]) == (
            "production.md",
            None,
            "",
        )

    def test_one_of_many_missions(self, client: APIClient, owner: User):
        other = make_mission(owner=owner, title="Orchids")
        UpdateIndex(seconds=60).execute()

        [found] = client.get(URL, {"q": "orchids", "mission": str(other.pk)}).json()["results"]

        assert (found["kind"], found["name"]["hits"]) == ("mission", [[0, 7]])
