"""The life of a mission: archived, deleted, restored, purged, and what is remembered of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions import hooks, tasks
from missions.leases import take_lease
from missions.locks import write_lock
from missions.models import Event, Membership, Mission, Revision
from missions.services import (
    ArchiveMission,
    DeleteMission,
    MissionDeleted,
    PurgeMission,
    RestoreMission,
    SaveFile,
)
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, FileOperationError
from tests.factories import make_mission
from tests.missions_api.conftest import TEXT, browser

NOW = timezone.now()
DAY = timedelta(days=1)


def delete(mission: Mission, at: Any = NOW) -> Mission:
    return DeleteMission(mission=mission, user=mission.owner, now=at).execute()


class TestDeleteMission:
    def test_disappears_for_everyone(
        self, client: APIClient, url: str, mission: Mission, editor: User
    ) -> None:
        assert client.delete(url).status_code == 204

        assert client.get("/api/v1/missions/").json()["results"] == []
        assert browser(editor).get("/api/v1/missions/").json()["results"] == []
        for address in (url, f"{url}files/", f"{url}files/production.md"):
            assert client.get(address).status_code == 404
            assert browser(editor).get(address).status_code == 404
        assert client.delete(url).status_code == 404

    def test_is_listed_for_its_owners_only(
        self, client: APIClient, url: str, mission: Mission, editor: User
    ) -> None:
        client.delete(url)

        (row,) = client.get("/api/v1/missions/?state=DELETED").json()["results"]

        assert (row["id"], row["state"]) == (mission.pk, "DELETED")
        assert row["deleted_at"] < row["purged_after"]
        assert browser(editor).get("/api/v1/missions/?state=DELETED").json()["results"] == []

    def test_its_agents_stop(
        self, client: APIClient, url: str, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[hooks.Archived] = []
        monkeypatch.setattr(hooks, "on_archived", [told.append])

        client.delete(url)

        assert [one.mission.pk for one in told] == [mission.pk]
        event = Event.objects.filter(mission=mission).latest("seq")
        assert (event.type, event.data["state"]) == ("mission.changed", "DELETED")

    def test_a_service_that_came_too_late_refuses(self, mission: Mission) -> None:
        save = SaveFile(
            mission=delete(mission),
            user=mission.owner,
            path="production.md",
            text="x",
            base=1,
            now=NOW,
        )

        with pytest.raises(MissionDeleted):
            save.execute()

    def test_two_at_once_delete_it_once(self, mission: Mission) -> None:
        same = Mission.objects.get(pk=mission.pk)
        delete(mission)

        with pytest.raises(Conflict, match="deleted already"):
            delete(same)

        assert mission.transitions.count() == 1


class TestRestoreMission:
    def test_brings_everything_back(self, client: APIClient, url: str) -> None:
        client.delete(url)

        assert client.post(f"{url}restore").json()["state"] == "ACTIVE"
        assert client.get(f"{url}files/production.md").json()["text"] == TEXT
        save = client.put(f"{url}files/production.md", {"text": "x", "base": 1}, format="json")
        assert save.status_code == 200

    def test_an_archived_one_is_archived_again(self, client: APIClient, url: str) -> None:
        client.post(f"{url}archive")
        client.delete(url)

        assert client.post(f"{url}restore").json()["state"] == "ARCHIVED"
        assert client.post(f"{url}restore").json()["state"] == "ACTIVE"

    def test_only_owners_restore(self, client: APIClient, url: str, editor: User) -> None:
        client.delete(url)

        assert browser(editor).post(f"{url}restore").status_code == 404

    def test_refuses_when_it_is_about_to_be_purged(self, mission: Mission, settings: Any) -> None:
        delete(mission, NOW - settings.PARALLAGON_DELETED_DAYS * DAY)

        with pytest.raises(Conflict, match="too long ago"):
            RestoreMission(mission=mission, user=mission.owner, now=NOW).execute()

    def test_nobody_archives_a_deleted_one(self, mission: Mission) -> None:
        delete(mission)

        with pytest.raises(Conflict):
            ArchiveMission(mission=mission, user=mission.owner, now=NOW).execute()


class TestHistory:
    def test_says_who_did_what_when(self, client: APIClient, url: str) -> None:
        client.post(f"{url}archive")
        client.post(f"{url}restore")
        client.delete(url)

        rows = client.get(f"{url}history").json()["results"]

        assert [(row["before"], row["after"]) for row in rows] == [
            ("ACTIVE", "DELETED"),
            ("ARCHIVED", "ACTIVE"),
            ("ACTIVE", "ARCHIVED"),
        ]
        assert {row["user"] for row in rows} == {"Ada Lovelace"}
        assert rows[0]["at"] >= rows[2]["at"]

    def test_costs_the_same_however_long(
        self, client: APIClient, url: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(3):
            client.post(f"{url}archive")
            client.post(f"{url}restore")

        with django_assert_num_queries(3):  # user, membership, transitions
            assert len(client.get(f"{url}history").json()["results"]) == 6


class TestPurge:
    @pytest.fixture
    def old(self, mission: Mission, settings: Any) -> Mission:
        return delete(mission, NOW - settings.PARALLAGON_DELETED_DAYS * DAY)

    def test_leaves_nothing(self, old: Mission, private_data: Path) -> None:
        folder = FileManager(old).root
        assert folder.exists()

        assert tasks.purge() == 1

        assert not Mission.objects.exists()
        assert not Revision.objects.exists()
        assert not folder.exists()
        assert not list((private_data / "locks").glob("mission-*"))

    def test_a_younger_one_stays(self, mission: Mission, settings: Any) -> None:
        delete(mission, NOW - (settings.PARALLAGON_DELETED_DAYS - 1) * DAY)

        assert tasks.purge() == 0

        with pytest.raises(Conflict, match="still be restored"):
            PurgeMission(mission=mission, now=NOW).execute()

    def test_waits_for_a_run_that_has_not_ended(self, old: Mission) -> None:
        take_lease(
            mission_id=old.pk,
            role="production",
            run_id=uuid4(),
            patterns=["production.md"],
            now=NOW,
            ends_at=NOW + DAY,
        )

        assert tasks.purge() == 0
        assert FileManager(old).root.exists()

    def test_waits_for_a_writer(self, old: Mission, settings: Any) -> None:
        settings.PARALLAGON_LOCK_TIMEOUT = 0

        with write_lock(old.pk):
            assert tasks.purge() == 0

        assert tasks.purge() == 1

    def test_one_that_fails_keeps_its_rows_and_no_other_back(
        self, old: Mission, owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = make_mission(owner=owner)
        delete(other, old.deleted_at)

        def refuse(purged: hooks.Purged) -> None:
            if purged.mission.pk == old.pk:
                raise FileOperationError("The disk refused.")

        monkeypatch.setattr(hooks, "on_purged", [refuse])

        assert tasks.purge() == 1
        assert list(Mission.objects.all()) == [old]


class TestSearch:
    @pytest.fixture(autouse=True)
    def missions(self, owner: User) -> None:
        for title in ("Étude du marché", "Straße nach Süden", "Plan 100%_sûr", "ÉTUDE finale"):
            make_mission(owner=owner, title=title)

    def titles(self, client: APIClient, words: str) -> list[str]:
        answer = client.get("/api/v1/missions/", {"search": words})
        assert answer.status_code == 200, answer.content
        return [row["title"] for row in answer.json()["results"]]

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("etude", ["ÉTUDE finale", "Étude du marché"]),
            ("MARCHÉ étude", ["Étude du marché"]),
            ("strasse", ["Straße nach Süden"]),
            ("e\u0301tude fin", ["ÉTUDE finale"]),
            ("100%_", ["Plan 100%_sûr"]),
            ("%", ["Plan 100%_sûr"]),
            ("nothing", []),
        ],
    )
    def test_by_words_whatever_case_and_accents(
        self, client: APIClient, words: str, found: list[str]
    ) -> None:
        assert self.titles(client, words) == found

    def test_no_words_find_all(self, client: APIClient) -> None:
        assert len(self.titles(client, "  ")) == 4

    def test_a_new_title_is_found(self, client: APIClient) -> None:
        mission = Mission.objects.get(title="ÉTUDE finale")
        client.patch(f"/api/v1/missions/{mission.pk}/", {"title": "Noël"}, format="json")

        assert self.titles(client, "noel") == ["Noël"]
        assert self.titles(client, "finale") == []

    def test_a_strangers_missions_are_not_found(self, stranger: User) -> None:
        assert self.titles(browser(stranger), "etude") == []

    def test_goes_on_page_by_page(
        self, client: APIClient, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        query = {"search": "etude", "state": "ACTIVE", "page_size": "1"}
        with django_assert_num_queries(2):  # user, missions
            page = client.get("/api/v1/missions/", query).json()

        assert [row["title"] for row in page["results"]] == ["ÉTUDE finale"]
        second = client.get(page["next"]).json()
        assert [row["title"] for row in second["results"]] == ["Étude du marché"]
        assert second["next"] is None

    def test_too_long_a_search_is_refused(self, client: APIClient) -> None:
        answer = client.get("/api/v1/missions/", {"search": "x" * 201})

        assert answer.status_code == 422


class TestEtag:
    def test_whoever_was_overtaken_is_told(self, client: APIClient, url: str) -> None:
        tag = client.get(url)["ETag"]

        first = client.patch(url, {"title": "Mine"}, format="json", headers={"If-Match": tag})
        second = client.patch(url, {"title": "Yours"}, format="json", headers={"If-Match": tag})

        assert (first.status_code, second.status_code) == (200, 412)
        assert client.get(url).json()["title"] == "Mine"
        assert first["ETag"] == client.get(url)["ETag"] != tag

    def test_work_on_the_files_does_not_change_it(self, client: APIClient, url: str) -> None:
        tag = client.get(url)["ETag"]
        client.put(f"{url}files/production.md", {"text": "x", "base": 1}, format="json")

        answer = client.patch(url, {"title": "New"}, format="json", headers={"If-Match": tag})

        assert answer.status_code == 200

    def test_without_a_tag_the_last_one_wins(self, client: APIClient, url: str) -> None:
        client.patch(url, {"title": "One"}, format="json")

        assert client.patch(url, {"title": "Two"}, format="json").json()["title"] == "Two"

    def test_a_deletion_insists_too(self, client: APIClient, url: str) -> None:
        tag = client.get(url)["ETag"]
        client.patch(url, {"title": "New"}, format="json")

        assert client.delete(url, headers={"If-Match": tag}).status_code == 412
        assert client.delete(url, headers={"If-Match": client.get(url)["ETag"]}).status_code == 204


def test_roles_are_only_checked_of_members(stranger: User, mission: Mission) -> None:
    assert not Membership.objects.filter(user=stranger).exists()
    assert browser(stranger).delete(f"/api/v1/missions/{mission.pk}/").status_code == 404
