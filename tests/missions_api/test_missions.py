from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions import hooks, standard
from missions.models import Event, Membership, Mission, Proposal
from missions.services import CreateDemo, MissionArchived, SaveFile
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import ServiceError
from tests.factories import make_mission, make_user
from tests.missions_api.conftest import TEXT, browser

NEW = {"title": "A guide", "request": "Write it.\n", "language": "fr"}


class TestCreateMission:
    def test_makes_the_seven_standard_files(self, client: APIClient) -> None:
        response = client.post("/api/v1/missions/", NEW, format="json")

        assert response.status_code == 201
        files = client.get(f"/api/v1/missions/{response.json()['id']}/files/").json()["results"]
        assert [file["path"] for file in files] == sorted(standard.templates("fr"))
        assert len(files) == 7

    def test_answers_with_the_mission_as_its_owner_sees_it(self, client: APIClient) -> None:
        body = client.post("/api/v1/missions/", NEW, format="json").json()

        assert body["title"] == "A guide"
        assert body["language"] == "fr"
        assert body["role"] == "owner"
        assert body["state"] == "ACTIVE"
        assert body["activity"] == "stopped"
        assert body["model"] == "offline/writer"
        assert body["is_demo"] is False
        assert body["seq"] == Mission.objects.get(pk=body["id"]).seq == 8

    def test_the_request_is_the_persons_and_the_rest_is_not(self, client: APIClient) -> None:
        body = client.post("/api/v1/missions/", NEW, format="json").json()

        url = f"/api/v1/missions/{body['id']}/files/"
        request = client.get(f"{url}demande.md").json()
        assert request["text"] == "Write it.\n"
        assert request["author"]["name"] == "Ada Lovelace"
        assert client.get(f"{url}suivi.md").json()["author"]["kind"] == "system"

    def test_tells_other_apps_in_the_same_transaction(
        self, client: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[hooks.Created] = []
        monkeypatch.setattr(hooks, "on_created", [told.append])

        body = client.post("/api/v1/missions/", {**NEW, "start": True}, format="json").json()

        (created,) = told
        assert created.mission.pk == body["id"]
        assert created.start

    def test_leaves_nothing_when_another_app_fails(
        self, client: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Mission] = []

        def fail(created: hooks.Created) -> None:
            seen.append(created.mission)
            raise ServiceError("No agents today.")

        monkeypatch.setattr(hooks, "on_created", [fail])

        response = client.post("/api/v1/missions/", NEW, format="json")

        assert response.status_code == 500
        assert not Mission.objects.exists()
        assert not FileManager(seen[0]).root.exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"title": "x" * 201},
            {"title": "a\nb"},
            {"request": " \n"},
            {"request": "a\u0000b"},
            {"language": "de"},
            {"model": ""},
            {"model": "a b"},
        ],
    )
    def test_refuses_what_cannot_be_used(self, client: APIClient, wrong: dict[str, str]) -> None:
        response = client.post("/api/v1/missions/", {**NEW, **wrong}, format="json")

        assert response.status_code == 422
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "invalid"
        assert not Mission.objects.exists()

    def test_a_demo_has_the_request_that_is_shipped(self, owner: User) -> None:
        demo = CreateDemo(owner=owner, language="en", now=timezone.now()).execute()

        assert demo.is_demo
        assert demo.title
        text = browser(owner).get(f"/api/v1/missions/{demo.pk}/files/demande.md").json()["text"]
        assert text == standard.demo_request("en")


class TestListMissions:
    def test_lists_the_callers_missions_newest_first(
        self, client: APIClient, mission: Mission, owner: User, stranger: User
    ) -> None:
        newer = make_mission(owner=owner)
        make_mission(owner=stranger)

        body = client.get("/api/v1/missions/").json()

        assert [row["id"] for row in body["results"]] == [newer.pk, mission.pk]
        assert body["next"] is None

    def test_says_what_the_caller_is_there(self, mission: Mission, viewer: User) -> None:
        (row,) = browser(viewer).get("/api/v1/missions/").json()["results"]

        assert row["role"] == "viewer"

    def test_filters_by_state(self, client: APIClient, mission: Mission) -> None:
        assert client.get("/api/v1/missions/?state=ARCHIVED").json()["results"] == []
        assert client.get("/api/v1/missions/?state=NONE").status_code == 422

    def test_costs_the_same_however_many(
        self,
        client: APIClient,
        owner: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for _ in range(5):
            make_mission(owner=owner)

        with django_assert_num_queries(2):  # user, missions (the session is cached)
            assert len(client.get("/api/v1/missions/").json()["results"]) == 5

    def test_asks_once_what_they_are_doing(
        self, client: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = {make_mission(owner=owner).pk for _ in range(3)}
        asked: list[Any] = []

        def working(mission_ids: Any) -> dict[int, str]:
            asked.append(set(mission_ids))
            return dict.fromkeys(mission_ids, "working")

        monkeypatch.setattr(hooks, "activity", [working])

        rows = client.get("/api/v1/missions/").json()["results"]

        assert asked == [ids]
        assert {row["activity"] for row in rows} == {"working"}


class TestUpdateMission:
    def test_changes_title_and_model(self, client: APIClient, url: str, mission: Mission) -> None:
        body = client.patch(url, {"title": "New", "model": "openai/x"}, format="json").json()

        assert (body["title"], body["model"]) == ("New", "openai/x")
        event = Event.objects.get(mission=mission, type="mission.changed")
        assert event.data == {"state": "ACTIVE", "activity": "stopped", "title": "New"}
        assert body["seq"] == event.seq

    def test_tells_other_apps_which_columns(
        self, client: APIClient, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[hooks.Updated] = []
        monkeypatch.setattr(hooks, "on_updated", [told.append])

        client.patch(url, {"title": "A mission", "model": "openai/x"}, format="json")

        assert [updated.fields for updated in told] == [{"model"}]

    def test_nothing_new_is_no_event(self, client: APIClient, url: str, mission: Mission) -> None:
        client.patch(url, {"title": mission.title}, format="json")

        assert not Event.objects.filter(mission=mission, type="mission.changed").exists()


class TestArchiveMission:
    def test_can_be_read_but_not_written(self, client: APIClient, url: str) -> None:
        assert client.post(f"{url}archive").json()["state"] == "ARCHIVED"

        save = client.put(f"{url}files/production.md", {"text": "x", "base": 1}, format="json")

        assert (save.status_code, save.json()["code"]) == (409, "archived")
        assert client.get(f"{url}files/production.md").json()["text"] == TEXT

    def test_comes_back(self, client: APIClient, url: str) -> None:
        client.post(f"{url}archive")

        assert client.post(f"{url}restore").json()["state"] == "ACTIVE"
        save = client.put(f"{url}files/production.md", {"text": "x", "base": 1}, format="json")
        assert save.status_code == 200

    def test_twice_is_a_conflict(self, client: APIClient, url: str) -> None:
        client.post(f"{url}archive")

        assert client.post(f"{url}archive").status_code == 409

    def test_a_service_refuses_too(self, client: APIClient, url: str, mission: Mission) -> None:
        client.post(f"{url}archive")
        mission.refresh_from_db()
        save = SaveFile(
            mission=mission,
            user=mission.owner,
            path="production.md",
            text="x",
            base=1,
            now=timezone.now(),
        )

        with pytest.raises(MissionArchived):
            save.execute()


class TestResetMission:
    @pytest.fixture
    def created(self, client: APIClient) -> str:
        body = client.post("/api/v1/missions/", NEW, format="json").json()
        return f"/api/v1/missions/{body['id']}/"

    def put(self, client: APIClient, url: str, path: str, text: str, base: int | None) -> None:
        response = client.put(f"{url}files/{path}", {"text": text, "base": base}, format="json")
        assert response.status_code == 200, response.content

    def test_puts_templates_and_the_first_request_back(
        self, client: APIClient, created: str
    ) -> None:
        self.put(client, created, "demande.md", "Something else.\n", 1)
        self.put(client, created, "suivi.md", "Written over.\n", 1)
        self.put(client, created, "production/more.md", "More.\n", None)

        assert client.post(f"{created}reset").status_code == 200

        files = client.get(f"{created}files/").json()["results"]
        texts = {
            file["path"]: client.get(f"{created}files/{file['path']}").json()["text"]
            for file in files
        }
        assert texts == {**standard.templates("fr"), "demande.md": "Write it.\n"}

    def test_everything_can_be_restored(self, client: APIClient, created: str) -> None:
        self.put(client, created, "production/more.md", "More.\n", None)
        client.post(f"{created}reset")

        restored = client.post(
            f"{created}files/production/more.md/restore", {"revision": 1}, format="json"
        )

        assert restored.json()["text"] == "More.\n"
        assert restored.json()["revision"] == 3

    def test_rejects_what_waited(self, client: APIClient, created: str, owner: User) -> None:
        mission = Mission.objects.get()
        waiting = Proposal.objects.create(
            mission=mission,
            role="production",
            run_id="00000000-0000-0000-0000-000000000001",
            reason="REVIEW",
            created_at=timezone.now(),
        )

        client.post(f"{created}reset")

        waiting.refresh_from_db()
        assert (waiting.state, waiting.decided_by) == ("REJECTED", owner)

    def test_gives_a_file_of_other_case_its_name_back(
        self, client: APIClient, created: str
    ) -> None:
        client.patch(f"{created}files/demande.md", {"path": "Demande.md"}, format="json")

        assert client.post(f"{created}reset").status_code == 200

        assert client.get(f"{created}files/demande.md").json()["text"] == "Write it.\n"

    def test_the_first_request_is_that_of_the_mission_not_of_the_file_there_now(
        self, client: APIClient, created: str
    ) -> None:
        client.delete(f"{created}files/demande.md")
        self.put(client, created, "other.md", "Another file.\n", None)
        client.patch(f"{created}files/other.md", {"path": "demande.md"}, format="json")

        assert client.post(f"{created}reset").status_code == 200

        assert client.get(f"{created}files/demande.md").json()["text"] == "Write it.\n"

    def test_of_an_untouched_mission_writes_nothing(self, client: APIClient, created: str) -> None:
        before = client.get(f"{created}files/").json()

        assert client.post(f"{created}reset").status_code == 200

        assert client.get(f"{created}files/").json() == before

    def test_only_an_owner_may(self, url: str, editor: User) -> None:
        assert browser(editor).post(f"{url}reset").status_code == 403


class TestMembershipOfManyMissions:
    def test_one_row_each_however_many_members(
        self, client: APIClient, mission: Mission, viewer: User
    ) -> None:
        Membership.objects.create(mission=mission, user=make_user(), role="editor")

        assert len(client.get("/api/v1/missions/").json()["results"]) == 1
