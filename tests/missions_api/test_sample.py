"""The worked example: written where nobody wrote, never over anybody's words."""

import csv
import io
import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from missions import paths, standard
from missions.models import Mission, Revision
from missions.standard import REQUEST
from parallagon.accounts.models import User
from tests.factories import make_mission, write_files
from tests.missions_api.conftest import browser


@pytest.fixture
def untouched(owner: User) -> Mission:
    return make_mission(owner=owner, files=standard.templates("fr"), language="fr")


def load(client: APIClient, mission: Mission) -> dict[str, Any]:
    answer = client.post(f"/api/v1/missions/{mission.pk}/sample-data")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


class TestLoadSample:
    def test_fills_a_mission_that_nobody_touched(
        self, client: APIClient, untouched: Mission
    ) -> None:
        sample = standard.sample("fr")

        body = load(client, untouched)

        assert body == {"written": sorted(sample), "kept": []}
        for path, text in sample.items():
            file = client.get(f"/api/v1/missions/{untouched.pk}/files/{path}").json()
            assert file["text"] == text
            assert file["author"]["name"] == "Ada Lovelace"

    def test_is_one_change(self, client: APIClient, untouched: Mission) -> None:
        load(client, untouched)

        moments = Revision.objects.filter(file__mission=untouched, user__isnull=False)
        assert len(set(moments.values_list("created_at", flat=True))) == 1

    def test_never_overwrites_what_people_wrote(
        self, client: APIClient, untouched: Mission
    ) -> None:
        url = f"/api/v1/missions/{untouched.pk}/files/{REQUEST}"
        client.put(url, {"text": "Mine.\n", "base": 1}, format="json")
        write_files(untouched, {"notes/entretiens.md": "Mine too.\n"})

        body = load(client, untouched)

        assert body["kept"] == [REQUEST, "notes/entretiens.md"]
        assert set(body["written"]) == set(standard.sample("fr")) - set(body["kept"])
        assert client.get(url).json()["text"] == "Mine.\n"

    def test_a_name_that_differs_by_case_is_somebodys(
        self, client: APIClient, untouched: Mission
    ) -> None:
        write_files(untouched, {"Notes/x.md": "Mine.\n"})

        assert "notes/entretiens.md" in load(client, untouched)["kept"]

    def test_twice_writes_nothing_more(self, client: APIClient, untouched: Mission) -> None:
        load(client, untouched)
        before = Revision.objects.count()

        assert load(client, untouched)["written"] == []
        assert Revision.objects.count() == before

    def test_not_into_an_archived_mission(self, client: APIClient, untouched: Mission) -> None:
        client.post(f"/api/v1/missions/{untouched.pk}/archive")

        answer = client.post(f"/api/v1/missions/{untouched.pk}/sample-data")

        assert (answer.status_code, answer.json()["code"]) == (409, "archived")

    def test_not_by_a_viewer(self, mission: Mission, viewer: User) -> None:
        answer = browser(viewer).post(f"/api/v1/missions/{mission.pk}/sample-data")

        assert answer.status_code == 403


@pytest.mark.parametrize("language", ["en", "fr"])
class TestSample:
    def test_is_what_a_mission_may_hold(self, language: str) -> None:
        sample = standard.sample(language)

        assert all(paths.is_valid(path) for path in sample)
        assert {paths.extension(path) for path in sample} >= {".md", ".csv", ".json"}

    def test_is_well_formed(self, language: str) -> None:
        for path, text in standard.sample(language).items():
            if path.endswith(".json"):
                assert json.loads(text)
            if path.endswith(".csv"):
                rows = list(csv.reader(io.StringIO(text)))
                assert len({len(row) for row in rows}) == 1

    def test_its_request_names_files_that_are_there(self, language: str) -> None:
        sample = standard.sample(language)

        named = {path for path in sample if f"`{path}`" in sample[REQUEST]}

        assert named == set(sample) - {REQUEST}
