"""Who takes part in a mission: added, given another role, removed, gone by themselves."""

from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions.api import throttling
from missions.models import Event, Membership, Mission
from missions.services import ChangeRole, LastOwner, RemoveMember
from parallagon.accounts.models import User
from tests.factories import make_user
from tests.missions_api.conftest import browser

Role = Membership.Role


@pytest.fixture
def members(url: str) -> str:
    return f"{url}members/"


def membership(mission: Mission, user: User) -> Membership:
    return Membership.objects.get(mission=mission, user=user)


def add(client: APIClient, members: str, account: Any, role: str = "editor") -> Any:
    return client.post(members, {"account": account, "role": role}, format="json")


class TestAddMember:
    def test_by_user_name(
        self, client: APIClient, members: str, stranger: User, mission: Mission
    ) -> None:
        answer = add(client, members, "stranger")

        assert answer.status_code == 201
        assert answer.json()["user"] == stranger.pk
        assert browser(stranger).get(f"/api/v1/missions/{mission.pk}/").json()["role"] == "editor"
        assert Event.objects.filter(mission=mission, type="mission.changed").exists()

    def test_by_e_mail_address(self, client: APIClient, members: str) -> None:
        make_user(username="grace", email="Grace@example.org")

        assert add(client, members, "grace@EXAMPLE.org").json()["username"] == "grace"

    def test_one_answer_for_every_name_that_does_not_help(
        self, client: APIClient, members: str
    ) -> None:
        make_user(username="asleep", is_active=False)
        make_user(username="one", email="two@example.org")
        make_user(username="two", email="two@example.org")

        answers = [
            add(client, members, name)
            for name in ("nobody", "asleep", "two@example.org", "STRANGER", "*", "")
        ]

        assert {answer.status_code for answer in answers} == {422}
        told = {(answer.json()["code"], answer.json()["detail"]) for answer in answers[:-1]}
        assert len(told) == 1
        assert told.pop()[0] == "unknown_account"

    def test_twice_is_a_conflict(self, client: APIClient, members: str, editor: User) -> None:
        answer = add(client, members, editor.username, "viewer")

        assert (answer.status_code, answer.json()["code"]) == (409, "already_member")

    @pytest.mark.parametrize("wrong", [{"role": "king"}, {"account": 7 * [1]}, {"role": None}])
    def test_refuses_what_cannot_be_used(
        self, client: APIClient, members: str, stranger: User, wrong: dict[str, Any]
    ) -> None:
        body = {"account": "stranger", "role": "editor", **wrong}

        assert client.post(members, body, format="json").status_code == 422

    def test_names_cannot_be_tried_for_ever(
        self, client: APIClient, members: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache.clear()
        monkeypatch.setattr(throttling, "RATE", "2/h")

        statuses = [add(client, members, f"guess-{number}").status_code for number in range(3)]

        assert statuses == [422, 422, 429]
        assert client.get(members).status_code == 200
        cache.clear()


class TestListMembers:
    def test_costs_the_same_however_many(
        self,
        client: APIClient,
        members: str,
        mission: Mission,
        editor: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for _ in range(3):
            Membership.objects.create(mission=mission, user=make_user(), role=Role.VIEWER)

        with django_assert_num_queries(3):  # user, membership, members
            rows = client.get(members).json()["results"]

        assert [row["role"] for row in rows] == ["viewer"] * 3 + ["editor", "owner"]
        assert rows[-1]["name"] == "Ada Lovelace"
        assert not any("email" in row for row in rows)


class TestChangeRole:
    def test_of_a_member(self, client: APIClient, members: str, editor: User) -> None:
        answer = client.patch(f"{members}{editor.pk}/", {"role": "viewer"}, format="json")

        assert answer.json()["role"] == "viewer"
        assert browser(editor).get(members).json()["results"][0]["role"] == "viewer"

    def test_the_last_owner_stays_one(self, client: APIClient, members: str, owner: User) -> None:
        answer = client.patch(f"{members}{owner.pk}/", {"role": "editor"}, format="json")

        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")

    def test_the_mission_goes_to_the_other_owner(
        self, client: APIClient, members: str, mission: Mission, owner: User, editor: User
    ) -> None:
        client.patch(f"{members}{editor.pk}/", {"role": "owner"}, format="json")

        client.patch(f"{members}{owner.pk}/", {"role": "viewer"}, format="json")

        mission.refresh_from_db()
        assert mission.owner == editor

    def test_of_someone_who_takes_no_part(
        self, client: APIClient, members: str, stranger: User
    ) -> None:
        for user_id in (stranger.pk, 10**30):
            answer = client.patch(f"{members}{user_id}/", {"role": "owner"}, format="json")
            assert answer.status_code == 404


class TestRemoveMember:
    def test_has_no_access_any_more(
        self, client: APIClient, url: str, members: str, editor: User
    ) -> None:
        assert client.delete(f"{members}{editor.pk}/").status_code == 204

        assert browser(editor).get(url).status_code == 404

    def test_anyone_may_leave(self, url: str, members: str, viewer: User) -> None:
        assert browser(viewer).delete(f"{members}{viewer.pk}/").status_code == 204
        assert browser(viewer).get(url).status_code == 404

    def test_the_last_owner_cannot(self, client: APIClient, members: str, owner: User) -> None:
        assert client.delete(f"{members}{owner.pk}/").json()["code"] == "last_owner"

    def test_of_two_owners_who_leave_one_stays(
        self, mission: Mission, owner: User, editor: User
    ) -> None:
        """Both had looked before either left: what they looked at decides nothing."""
        now = timezone.now()
        first = membership(mission, owner)
        second = membership(mission, editor)
        ChangeRole(member=second, role=Role.OWNER, now=now).execute()
        second.refresh_from_db()
        RemoveMember(member=first, now=now).execute()

        with pytest.raises(LastOwner):
            RemoveMember(member=second, now=now).execute()
