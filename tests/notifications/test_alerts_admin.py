"""Staff make and change rules in the admin, by the services of the API."""

import pytest
from django.test import Client

from notifications.models import AlertRule
from tests.factories import make_mission, make_user

URL = "/admin/notifications/alertrule/"
FIELDS = {
    "measure": "disk.used", "name": "Disk", "comparison": "above", "threshold": "80",
    "clear_at": "", "window": "300", "cool_down": "60", "level": "warning",
    "channels": ["in_app"], "is_on": "on",
}  # fmt: skip


@pytest.fixture
def client(db: None) -> Client:
    AlertRule.objects.all().delete()
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


class TestRules:
    def test_are_made_changed_and_removed(self, client: Client) -> None:
        assert client.get(f"{URL}add/").status_code == 200
        assert client.post(f"{URL}add/", FIELDS).status_code == 302
        rule = AlertRule.objects.get()
        assert (rule.threshold, rule.channels, rule.state) == (80, ["in_app"], "OK")
        AlertRule.objects.update(state="FIRING")

        changed = client.post(f"{URL}{rule.pk}/change/", {**FIELDS, "threshold": "70"})

        assert changed.status_code == 302
        rule.refresh_from_db()
        assert (rule.threshold, rule.state, rule.measure) == (70, "OK", "disk.used")
        assert client.get(URL).status_code == 200
        assert client.post(f"{URL}{rule.pk}/delete/", {"post": "yes"}).status_code == 302
        assert not AlertRule.objects.exists()

    @pytest.mark.parametrize(
        "values", [{"threshold": "-1"}, {"clear_at": "90"}, {"measure": "no.such"}], ids=str
    )
    def test_what_makes_no_sense_is_said_on_the_page(
        self, client: Client, values: dict[str, str]
    ) -> None:
        answer = client.post(f"{URL}add/", {**FIELDS, **values})

        assert answer.status_code == 200
        assert answer.context["errors"]
        assert not AlertRule.objects.exists()

    def test_a_measure_of_the_installation_is_not_watched_in_a_mission(
        self, client: Client
    ) -> None:
        answer = client.post(f"{URL}add/", {**FIELDS, "mission": make_mission().pk})

        assert answer.status_code == 200
        assert not AlertRule.objects.exists()

    def test_what_fired_is_shown(self, client: Client) -> None:
        assert client.get("/admin/notifications/alert/").status_code == 200
