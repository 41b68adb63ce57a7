"""Alerts over HTTP: who may watch what, and what comes of hostile input."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions.models import Mission
from notifications.models import Alert, AlertRule, Notification
from parallagon.accounts.models import User
from tests.factories import make_user
from tests.notifications.conftest import browser

URL = "/api/v1/alerts/"
RULES = "/api/v1/alerts/rules/"
NEW = {"measure": "agents.failure_rate", "threshold": 30, "window": 900}


@pytest.fixture(autouse=True)
def only_own_rules(db: None) -> None:
    AlertRule.objects.all().delete()


@pytest.fixture
def staff(db: None) -> User:
    return make_user(username="root", is_staff=True)


@pytest.fixture
def rule(client: APIClient, mission: Mission) -> AlertRule:
    answer = client.post(RULES, {**NEW, "mission": mission.pk}, format="json")
    assert answer.status_code == 201, answer.json()
    return AlertRule.objects.get(pk=answer.json()["id"])


@pytest.fixture
def own_rule(staff: User) -> AlertRule:
    """Return a rule of the installation."""
    answer = browser(staff).post(RULES, {"measure": "disk.used", "threshold": 80}, format="json")
    assert answer.status_code == 201, answer.json()
    return AlertRule.objects.get(pk=answer.json()["id"])


def make_alert(rule: AlertRule, **fields: Any) -> Alert:
    values = {"mission": rule.mission, "measure": rule.measure, "level": rule.level, "value": 50.0}
    params = {"failed": 3, "runs": 6, "failure": "timeout"}
    return Alert.objects.create(
        rule=rule, **{**values, "params": params, "fired_at": timezone.now(), **fields}
    )


class TestMeasures:
    def test_say_what_can_be_watched_in_the_reader_s_language(self, viewer: User) -> None:
        client = browser(viewer)

        found = {one["key"]: one for one in client.get(f"{URL}measures/").json()["results"]}

        assert set(found) == {
            "agents.backlog", "agents.breakers", "agents.budget", "agents.errors",
            "agents.failure_rate", "agents.stuck", "disk.used", "processes.silent",
        }  # fmt: skip
        assert found["disk.used"]["scopes"] == ["installation"]
        answer = client.get(f"{URL}measures/", HTTP_ACCEPT_LANGUAGE="fr")
        french = answer.json()["results"]
        assert all(one["label"] != found[one["key"]]["label"] for one in french)
        assert all(one["help"] != found[one["key"]]["help"] for one in french)


class TestRules:
    def test_an_owner_makes_changes_tests_and_removes_one(
        self, client: APIClient, owner: User, rule: AlertRule
    ) -> None:
        address = f"{RULES}{rule.pk}/"

        changed = client.patch(address, {"threshold": 60, "channels": ["in_app"]}, format="json")

        assert changed.status_code == 200
        assert (changed.json()["threshold"], changed.json()["channels"]) == (60, ["in_app"])
        assert changed.json()["label"] == "runs that fail"
        told = client.post(f"{address}test")
        assert (told.status_code, told.json()) == (202, {"told": True})
        assert Notification.objects.get().user == owner
        assert client.delete(address).status_code == 204
        assert client.get(address).status_code == 404

    def test_lists_in_few_queries(
        self, client: APIClient, mission: Mission, rule: AlertRule, django_assert_num_queries: Any
    ) -> None:
        for _ in range(5):
            client.post(RULES, {**NEW, "mission": mission.pk}, format="json")

        with django_assert_num_queries(2):  # person, rules
            rows = client.get(RULES, {"mission": mission.pk}).json()["results"]

        assert len(rows) == 6

    def test_staff_see_those_of_the_installation(
        self, staff: User, client: APIClient, rule: AlertRule, own_rule: AlertRule
    ) -> None:
        def listed(who: APIClient, **wanted: Any) -> list[int]:
            return [one["id"] for one in who.get(RULES, wanted).json()["results"]]

        assert listed(browser(staff)) == [own_rule.pk]  # they are no member of the mission
        assert listed(client) == [rule.pk]
        assert listed(client, scope="installation") == []

    @pytest.mark.parametrize(
        "values",
        [
            {"measure": "no.such"},
            {"measure": "disk.used"},
            {"threshold": "NaN"},
            {"threshold": -1},
            {"threshold": 1e300},
            {"clear_at": 31},
            {"window": 7},
            {"window": 0},
            {"cool_down": 10**9},
            {"level": "loud"},
            {"channels": ["pigeon"]},
            {"channels": "email"},
            {"name": "x" * 101},
            {"threshold": None},
        ],
        ids=str,
    )
    def test_what_makes_no_sense_is_refused(
        self, client: APIClient, mission: Mission, values: dict[str, Any]
    ) -> None:
        answer = client.post(RULES, {**NEW, "mission": mission.pk, **values}, format="json")

        assert answer.status_code == 422, answer.content
        assert not AlertRule.objects.exists()

    def test_no_more_than_are_looked_at(
        self, client: APIClient, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("notifications.alerts.rules.MOST_OF_A_MISSION", 1)
        data = {**NEW, "mission": mission.pk}
        assert client.post(RULES, data, format="json").status_code == 201

        answer = client.post(RULES, data, format="json")

        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_rules")
        assert AlertRule.objects.count() == 1


class TestPermissions:
    @pytest.mark.parametrize(
        ("who", "read", "write", "acknowledge"),
        [
            ("owner", 200, 200, 200),
            ("editor", 200, 403, 200),
            ("viewer", 200, 403, 403),
            ("stranger", 404, 404, 404),
            ("staff", 404, 404, 404),
        ],
    )
    def test_of_a_mission(
        self, request: pytest.FixtureRequest, mission: Mission, rule: AlertRule, who: str,
        read: int, write: int, acknowledge: int,
    ) -> None:  # fmt: skip
        alert = make_alert(rule)
        client = browser(request.getfixturevalue(who))
        address = f"{RULES}{rule.pk}/"

        assert client.get(address).status_code == read
        assert client.patch(address, {"name": "x"}, format="json").status_code == write
        made = client.post(RULES, {**NEW, "mission": mission.pk}, format="json").status_code
        assert made == (201 if write == 200 else write)
        tested = client.post(f"{address}test").status_code
        assert tested == (202 if write == 200 else write)
        assert client.post(f"{URL}{alert.pk}/acknowledge").status_code == acknowledge
        assert len(client.get(URL).json()["results"]) == (read == 200)
        deleted = client.delete(address).status_code
        assert deleted == (204 if write == 200 else write)

    @pytest.mark.parametrize(("who", "seen"), [("staff", True), ("owner", False)])
    def test_of_the_installation(
        self, request: pytest.FixtureRequest, own_rule: AlertRule, who: str, seen: bool
    ) -> None:
        alert = make_alert(own_rule)
        client = browser(request.getfixturevalue(who))
        address = f"{RULES}{own_rule.pk}/"

        assert client.get(address).status_code == (200 if seen else 404)
        assert client.post(f"{address}test").status_code == (202 if seen else 404)
        made = client.post(RULES, NEW, format="json")
        assert made.status_code == (201 if seen else 403)
        assert client.post(f"{URL}{alert.pk}/acknowledge").status_code == (200 if seen else 404)
        assert client.delete(address).status_code == (204 if seen else 404)

    def test_of_someone_who_is_not_signed_in(self, rule: AlertRule) -> None:
        client = APIClient()

        for address in (URL, RULES, f"{RULES}{rule.pk}/", f"{URL}measures/"):
            assert client.get(address).status_code == 401

    def test_of_a_mission_that_was_deleted(
        self, client: APIClient, mission: Mission, rule: AlertRule
    ) -> None:
        Mission.objects.filter(pk=mission.pk).update(state="DELETED", deleted_at=timezone.now())

        assert client.get(f"{RULES}{rule.pk}/").status_code == 404
        assert client.get(RULES).json()["results"] == []


class TestAlerts:
    def test_tell_the_cause_in_words(self, client: APIClient, rule: AlertRule) -> None:
        make_alert(rule)

        [english] = client.get(URL).json()["results"]
        [french] = client.get(URL, HTTP_ACCEPT_LANGUAGE="fr").json()["results"]

        assert english["cause"] == "3 of 6 runs failed, most of them: no answer in time."
        assert french["cause"].startswith("3 passages sur 6 ont échoué")

    def test_are_filtered(self, client: APIClient, rule: AlertRule) -> None:
        now = timezone.now()
        lasting = make_alert(rule)
        over = make_alert(rule, fired_at=now - timedelta(hours=1), cleared_at=now, level="info")

        def listed(**wanted: Any) -> list[int]:
            return [one["id"] for one in client.get(URL, wanted).json()["results"]]

        assert listed() == [over.pk, lasting.pk]
        assert listed(is_over="true") == listed(level="info") == [over.pk]
        assert listed(is_over="false") == [lasting.pk]
        assert listed(mission=rule.mission_id, rule=rule.pk, measure=rule.measure) == listed()
        assert listed(measure="no.such") == listed(scope="installation") == []
        assert client.get(URL, {"mission": "x"}).status_code == 422
        assert client.get(URL, {"mission": 10**30}).status_code == 422

    def test_take_few_queries(
        self, client: APIClient, owner: User, rule: AlertRule, django_assert_num_queries: Any
    ) -> None:
        now = timezone.now()
        for _ in range(5):
            make_alert(rule, cleared_at=now, acknowledged_by=owner, acknowledged_at=now)

        with django_assert_num_queries(2):  # person, alerts
            assert len(client.get(URL).json()["results"]) == 5

    def test_the_first_who_says_so_looks_after_it(
        self, client: APIClient, editor: User, rule: AlertRule
    ) -> None:
        alert = make_alert(rule)

        first = client.post(f"{URL}{alert.pk}/acknowledge").json()
        second = browser(editor).post(f"{URL}{alert.pk}/acknowledge").json()

        assert first["acknowledged_by"] == second["acknowledged_by"] == "Ada"
        assert first["acknowledged_at"] == second["acknowledged_at"]
