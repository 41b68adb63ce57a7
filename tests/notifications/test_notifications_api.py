"""Notifications over HTTP: list, tell, mark read, choose; for each person their own."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions.models import Mission
from notifications.api import throttling
from notifications.models import Delivery, Notification, Target
from parallagon.accounts.models import User
from tests.factories import make_user
from tests.notifications.conftest import browser, tell

URL = "/api/v1/notifications/"
CHANNELS = f"{URL}channels/"


class TestList:
    def test_newest_first_with_what_is_unread(self, client: APIClient, mission: Mission) -> None:
        tell(mission)
        tell(mission, "budget.reached")

        body = client.get(URL).json()

        assert [one["type"] for one in body["results"]] == ["budget.reached", "mission.settled"]
        assert body["unread"] == {"total": 2, "info": 0, "success": 1, "warning": 0, "error": 1}
        assert body["seq"] == 2
        first = body["results"][0]
        assert first["title"] == "A budget of A guide is used up"
        assert (first["priority"], first["level"]) == ("urgent", "error")

    def test_costs_the_same_for_many(
        self,
        client: APIClient,
        mission: Mission,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for _ in range(5):
            tell(mission)

        with django_assert_num_queries(4):  # user, number, page, unread (the session is cached)
            assert len(client.get(URL).json()["results"]) == 5

    @pytest.mark.parametrize(
        ("query", "types"),
        [
            ("unread=true", ["budget.reached"]),
            ("unread=false", ["mission.settled"]),
            ("level=error", ["budget.reached"]),
            ("type=mission.settled", ["mission.settled"]),
            ("mission={mission}", ["budget.reached", "mission.settled"]),
            ("mission=9999", []),
        ],
    )
    def test_filters(
        self, client: APIClient, mission: Mission, query: str, types: list[str]
    ) -> None:
        (settled,) = tell(mission)
        tell(mission, "budget.reached")
        client.post(f"{URL}{settled.pk}/read")

        answer = client.get(f"{URL}?{query.format(mission=mission.pk)}")

        assert [one["type"] for one in answer.json()["results"]] == types

    @pytest.mark.parametrize("query", ["level=king", "type=x", "mission=-1", "unread=perhaps"])
    def test_refuses_filters_that_mean_nothing(self, client: APIClient, query: str) -> None:
        assert client.get(f"{URL}?{query}").status_code == 422

    def test_in_the_language_of_the_reader(self, mission: Mission, owner: User) -> None:
        tell(mission)
        User.objects.filter(pk=owner.pk).update(language="fr")

        assert "repos" in browser(owner).get(URL).json()["results"][0]["title"]

    def test_of_nobody_else(self, mission: Mission, stranger: User) -> None:
        tell(mission)

        assert browser(stranger).get(URL).json()["results"] == []
        assert APIClient().get(URL).status_code == 401


class TestRead:
    def test_twice_changes_nothing(self, client: APIClient, mission: Mission) -> None:
        (told,) = tell(mission)

        first, second = (client.post(f"{URL}{told.pk}/read").json() for _ in range(2))

        assert first["read_at"] is not None
        assert second == first

    def test_of_somebody_else_is_not_there(self, mission: Mission, stranger: User) -> None:
        (told,) = tell(mission)

        assert browser(stranger).post(f"{URL}{told.pk}/read").status_code == 404
        assert browser(stranger).post(f"{URL}{2**70}/read").status_code == 404
        assert Notification.objects.unread().count() == 1

    def test_all_up_to_what_was_seen(self, client: APIClient, mission: Mission) -> None:
        (seen,) = tell(mission)
        tell(mission)

        answer = client.post(f"{URL}read-all", {"until": seen.pk}, format="json")

        assert answer.json() == {"read": 1}
        assert client.post(f"{URL}read-all", {}, format="json").json() == {"read": 1}
        assert client.get(URL).json()["unread"]["total"] == 0


class TestNote:
    def test_an_owner_tells_the_members(
        self, client: APIClient, mission: Mission, viewer: User
    ) -> None:
        body = {"mission": mission.pk, "title": "Monday", "text": "<b>We meet.</b>"}

        assert client.post(URL, body, format="json").json() == {"told": 2}
        told = browser(viewer).get(URL).json()["results"][0]
        assert told["title"] == "Ada about A guide: Monday"
        assert told["body"] == "<b>We meet.</b>"

    def test_others_may_not(
        self, mission: Mission, editor: User, viewer: User, stranger: User
    ) -> None:
        body = {"mission": mission.pk, "title": "Monday"}

        def status(user: User, body: dict[str, Any]) -> int:
            return int(browser(user).post(URL, body, format="json").status_code)

        assert [status(one, body) for one in (editor, viewer, stranger)] == [403, 403, 404]
        assert status(editor, {"title": "To all"}) == 403
        assert status(make_user(is_staff=True), {"title": "To all"}) == 201

    @pytest.mark.parametrize(
        "wrong", [{"title": ""}, {"title": 121 * "x"}, {"text": 1001 * "x"}, {"level": "king"}]
    )
    def test_refuses_what_cannot_be_told(
        self, client: APIClient, mission: Mission, wrong: dict[str, str]
    ) -> None:
        body = {"mission": mission.pk, "title": "Monday", **wrong}

        assert client.post(URL, body, format="json").status_code == 422

    def test_not_for_ever(
        self, client: APIClient, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(throttling.NoteThrottle, "rate", "1/h")
        body = {"mission": mission.pk, "title": "Monday"}

        answers = [client.post(URL, body, format="json").status_code for _ in range(2)]

        assert answers == [201, 429]


class TestPreferences:
    def test_a_person_chooses_by_type(
        self, client: APIClient, mission: Mission, owner: User
    ) -> None:
        choices = {"mission.settled": {"in_app": False, "browser": False}}

        answer = client.patch(f"{URL}preferences/", {"choices": choices}, format="json")

        rows = {row["type"]: row["channels"] for row in answer.json()["results"]}
        assert rows["mission.settled"]["in_app"] is False
        assert rows["proposal.waits"]["in_app"] is True
        assert "test" not in rows
        assert tell(mission, to=[owner]) == []

    @pytest.mark.parametrize(
        "choices",
        [
            {"x": {"in_app": True}},
            {"note": {"pigeon": True}},
            {"note": True},
            [],
            {"note": {"": 7}},
        ],
    )
    def test_refuses_what_is_no_choice(self, client: APIClient, choices: Any) -> None:
        answer = client.patch(f"{URL}preferences/", {"choices": choices}, format="json")

        assert answer.status_code == 422


class TestChannels:
    def test_a_webhook_shows_its_secret_once(self, client: APIClient, owner: User) -> None:
        address = "https://hooks.example.org/in/hidden?key=hidden"

        kept = client.put(f"{CHANNELS}webhook/", {"address": address}, format="json").json()
        again = client.put(f"{CHANNELS}webhook/", {"address": address}, format="json").json()

        assert len(kept["secret"]) >= 32
        assert again["secret"] == ""
        rows = {row["channel"]: row for row in client.get(CHANNELS).json()["results"]}
        assert rows["webhook"]["hint"] == "https://hooks.example.org/…"
        assert rows["webhook"]["has_secret"] is True
        assert (rows["email"]["is_set"], rows["in_app"]["needs_address"]) == (False, False)
        target = Target.objects.get(user=owner)
        assert "hidden" not in target.sealed_address + target.hint
        assert kept["secret"] not in target.sealed_secret

    @pytest.mark.parametrize(
        ("channel", "address"),
        [
            ("webhook", "http://example.org/"),
            ("webhook", "ftp://example.org/"),
            ("webhook", "https://user:pass@example.org/"),
            ("webhook", "https://"),
            ("webhook", "https://example.org:0/"),
            ("webhook", "https://[::1"),
            ("webhook", "https://example.org/\nHost: x"),
            ("slack", "https://example.org/services/x"),
            ("email", "nobody"),
            ("email", "a@example.org\nBcc: b@example.org"),
            ("in_app", "https://example.org/"),
            ("pigeon", "https://example.org/"),
        ],
    )
    def test_refuses_where_nothing_may_be_sent(
        self, client: APIClient, channel: str, address: str
    ) -> None:
        answer = client.put(f"{CHANNELS}{channel}/", {"address": address}, format="json")

        assert answer.status_code == 422
        assert not Target.objects.exists()

    def test_a_test_is_sent_like_any_message(self, client: APIClient) -> None:
        assert client.post(f"{CHANNELS}email/test").status_code == 404
        client.put(f"{CHANNELS}email/", {"address": "ada@example.org"}, format="json")

        assert client.post(f"{CHANNELS}email/test").json()["state"] == "QUEUED"
        assert client.get(URL).json()["results"] == []  # it is no news in Parallagon

    def test_forgotten_means_nothing_is_sent_there(
        self, client: APIClient, mission: Mission
    ) -> None:
        client.put(f"{CHANNELS}email/", {"address": "ada@example.org"}, format="json")
        tell(mission, "proposal.waits")

        assert client.delete(f"{CHANNELS}email/").status_code == 204
        assert client.delete(f"{CHANNELS}email/").status_code == 404
        assert Delivery.objects.get().state == Delivery.State.EXPIRED
