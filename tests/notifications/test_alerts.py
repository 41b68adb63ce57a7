"""Looking at rules: once whoever looks, nothing lost, and people are told."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection

from missions.models import Mission
from notifications import messages
from notifications.alerts import evaluate
from notifications.alerts.evaluate import EvaluateAlerts
from notifications.alerts.machine import SILENCE
from notifications.alerts.measures import MEASURES, Measure, Question, Reading, register
from notifications.alerts.rules import ChangeRule, CreateRule, TestRule
from notifications.alerts.selectors import watched_rules
from notifications.models import Alert, AlertRule, AlertWatch, Delivery, Notification
from notifications.services import ForgetOld, SetPreferences, SetTarget
from parallagon.accounts.models import User
from parallagon.core.errors import ValidationError
from tests.factories import make_user
from tests.notifications.conftest import NOW

State = AlertRule.State
Look = Callable[..., int]


class Thermometer:
    """A measure that says what a test wants; ``asked`` are the windows that it was asked for."""

    def __init__(self) -> None:
        self.values: dict[int | None, float | None] = {}
        self.failure: Exception | None = None
        self.asked: list[timedelta] = []

    def read(self, question: Question) -> dict[int | None, Reading]:
        self.asked.append(question.window)
        if self.failure:
            raise self.failure
        return {key: Reading(value=one, params={"why": "fire"}) for key, one in self.values.items()}


@pytest.fixture
def heat() -> Iterator[Thermometer]:
    one = Thermometer()
    kept = dict(MEASURES)
    kind: dict[str, Any] = {"label": "heat", "help": "", "unit": "count", "threshold": 1.0}
    register(
        Measure(key="heat", cause="It is %(value)s: %(why)s.", read=one.read, **kind),
        Measure(key="cold", cause="", read=one.read, is_counted=True, **kind),
    )
    yield one
    MEASURES.clear()
    MEASURES.update(kept)


@pytest.fixture
def staff(db: None) -> User:
    return make_user(username="root", is_staff=True)


@pytest.fixture(autouse=True)
def only_own_rules(db: None) -> None:
    AlertRule.objects.all().delete()


@pytest.fixture
def look() -> Look:
    """Return what looks at everything so many seconds after NOW."""

    def look(seconds: int = 0) -> int:
        return EvaluateAlerts(now=NOW + timedelta(seconds=seconds)).execute()

    return look


def make_rule(user: User, mission: Mission | None = None, **values: Any) -> AlertRule:
    values = {"measure": "heat", "threshold": 10.0, "window": 0, "cool_down": 60, **values}
    return CreateRule(user=user, mission=mission, values=values, now=NOW).execute()


class TestFiring:
    def test_tells_staff_once_and_says_when_it_is_over(
        self, staff: User, heat: Thermometer, look: Look
    ) -> None:
        rule = make_rule(staff, clear_at=5.0)
        heat.values = {None: 12.0}

        for seconds in (0, 10, 20):
            look(seconds)

        alert = Alert.objects.get()
        assert (alert.value, alert.fired_at, alert.cleared_at) == (12.0, NOW, None)
        told = Notification.objects.get(user=staff)
        assert (told.type, told.count, told.level) == ("alert.fired", 1, "error")
        said = messages.words(told, language="en")
        assert said.title == "Alert: heat"
        assert said.body == "It is 12: fire. The limit is 10."
        assert told.link == f"/admin/notifications/alert/?rule={rule.pk}"

        heat.values = {None: 7.0}
        look(30)
        assert Alert.objects.get().cleared_at is None  # between the two it stays
        heat.values = {None: 1.0}
        look(40)

        assert Alert.objects.get().cleared_at == NOW + timedelta(seconds=40)
        told.refresh_from_db()
        assert told.read_at is not None
        over = Notification.objects.get(type="alert.cleared")
        assert messages.words(over, language="en").title == "Over: heat"

    def test_tells_the_owners_of_its_mission(
        self, mission: Mission, owner: User, editor: User, staff: User, heat: Thermometer,
        look: Look,
    ) -> None:  # fmt: skip
        make_rule(owner, mission, level="warning", name="Too hot")
        heat.values = {None: 1.0, mission.pk: 12.0}

        look()

        told = Notification.objects.get()
        assert (told.user, told.mission, told.level) == (owner, mission, "warning")
        assert told.link == f"/editor?mission={mission.pk}"
        assert messages.words(told, language="fr").title == "Alerte : Too hot"

    def test_goes_over_the_channels_of_the_rule_unless_a_person_wants_otherwise(
        self, staff: User, heat: Thermometer, look: Look
    ) -> None:
        SetTarget(user=staff, channel="email", address="a@example.org", now=NOW).execute()
        SetTarget(user=staff, channel="webhook", address="https://example.org/x", now=NOW).execute()
        make_rule(staff, channels=["in_app", "email"])
        make_rule(staff, channels=["webhook"])
        choices = {"alert.fired": {"webhook": False}}
        SetPreferences(user=staff, choices=choices).execute()
        heat.values = {None: 12.0}

        look()

        assert [one.channel for one in Delivery.objects.all()] == ["email"]

    def test_no_answer_is_shown_and_told_when_it_lasts(
        self, staff: User, heat: Thermometer, look: Look
    ) -> None:
        rule = make_rule(staff)
        heat.failure = DatabaseError("gone")

        look()
        rule.refresh_from_db()
        assert rule.state == State.NO_ANSWER
        look(int(SILENCE.total_seconds()))

        said = messages.words(Notification.objects.get(), language="en")
        assert said.body == "There was no answer when this was measured. The limit is 10."
        heat.failure = None
        look(400)
        rule.refresh_from_db()
        assert rule.state == State.CLEARED

    def test_one_that_fails_leaves_the_others(
        self, staff: User, heat: Thermometer, look: Look
    ) -> None:
        def break_it(_question: Question) -> dict[int | None, Reading]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT no_such_column")
            return {}

        register(Measure(key="ill", label="", help="", cause="", unit="count", threshold=1,
                         read=break_it))  # fmt: skip
        make_rule(staff, measure="ill")
        make_rule(staff)
        heat.values = {None: 12.0}

        look()

        assert set(AlertRule.objects.values_list("state", flat=True)) == {"NO_ANSWER", "FIRING"}

    def test_a_mission_put_away_comes_to_rest(
        self, mission: Mission, owner: User, heat: Thermometer, look: Look
    ) -> None:
        rule = make_rule(owner, mission)
        heat.values = {mission.pk: 12.0}
        look()
        Mission.objects.filter(pk=mission.pk).update(state="ARCHIVED")

        look(10)

        rule.refresh_from_db()
        assert rule.state == State.OK
        assert Alert.objects.get().cleared_at is not None


class TestWhoLooks:
    def test_one_at_a_time(self, staff: User, heat: Thermometer, look: Look) -> None:
        make_rule(staff)

        for seconds in (0, 1, 9, 10):
            look(seconds)

        assert len(heat.asked) == 2

    def test_a_clock_that_was_wrong_blinds_nobody(
        self, staff: User, heat: Thermometer, look: Look
    ) -> None:
        AlertWatch.objects.create(pk=1, looked_at=NOW + timedelta(days=365))
        make_rule(staff)

        look()

        assert heat.asked

    def test_whoever_comes_too_late_changes_nothing(
        self, staff: User, heat: Thermometer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two who read the same rules: the second finds that the first has moved them."""
        make_rule(staff)
        heat.values = {None: 12.0}
        monkeypatch.setattr(evaluate, "_is_my_turn", lambda _now: True)
        stale = watched_rules()
        assert EvaluateAlerts(now=NOW).execute() == 1

        monkeypatch.setattr(evaluate, "watched_rules", lambda: stale)
        assert EvaluateAlerts(now=NOW).execute() == 0

        assert Alert.objects.count() == Notification.objects.count() == 1

    def test_whoever_dies_between_loses_nothing(
        self, staff: User, heat: Thermometer, look: Look, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rule = make_rule(staff)
        heat.values = {None: 12.0}

        def die(_rule: AlertRule) -> list[User]:
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(evaluate, "told_of", die)
            with pytest.raises(SystemExit):
                look()
            rule.refresh_from_db()
            assert (rule.state, Alert.objects.count()) == (State.OK, 0)

        look(10)

        assert Notification.objects.get().type == "alert.fired"

    def test_asks_once_whatever_the_number_of_rules(
        self, mission: Mission, owner: User, staff: User, heat: Thermometer, look: Look,
        django_assert_num_queries: Any,
    ) -> None:  # fmt: skip
        for threshold in range(8):
            make_rule(owner, mission, threshold=20.0 + threshold)
            make_rule(staff, measure="cold", window=60 if threshold % 2 else 300)
        AlertWatch.objects.create(pk=1, looked_at=NOW)

        # whose turn it is; the rules; each question in a savepoint of its own, twice three
        with django_assert_num_queries(2 + 6):
            look(10)

        assert sorted(heat.asked) == [timedelta(), timedelta(minutes=1), timedelta(minutes=5)]


class TestChanging:
    def test_other_terms_begin_anew_and_end_what_fired(
        self, staff: User, heat: Thermometer, look: Look
    ) -> None:
        rule = make_rule(staff)
        heat.values = {None: 12.0}
        look()

        changed = ChangeRule(rule=rule, values={"threshold": 20.0}, now=NOW).execute()

        assert changed.state == State.OK
        assert Alert.objects.get().cleared_at == NOW
        assert not Notification.objects.unread().exists()
        look(10)
        assert Alert.objects.count() == 1

    def test_another_name_lets_it_go_on(self, staff: User, heat: Thermometer, look: Look) -> None:
        rule = make_rule(staff)
        heat.values = {None: 12.0}
        look()

        ChangeRule(rule=rule, values={"name": "Hot"}, now=NOW).execute()
        look(10)

        assert Alert.objects.get().cleared_at is None

    def test_a_test_says_what_it_would_say_now_and_only_to_who_asked(
        self, staff: User, heat: Thermometer
    ) -> None:
        make_user(username="other", is_staff=True)
        rule = make_rule(staff)
        heat.values = {None: 3.0}

        TestRule(rule=rule, user=staff, now=NOW).execute()

        told = Notification.objects.get()
        said = messages.words(told, language="en")
        assert (told.user, said.title) == (staff, "Alert: heat (a test)")
        assert said.body.startswith("It is 3: fire.")
        assert not Alert.objects.exists()

    def test_what_nobody_can_watch_is_refused(self, staff: User, heat: Thermometer) -> None:
        for values in (
            {"measure": "no.such"}, {"threshold": float("nan")}, {"threshold": -1.0},
            {"clear_at": 11.0}, {"cool_down": 10**7}, {"channels": ["pigeon"]},
            {"measure": "cold", "window": 0},
        ):  # fmt: skip
            with pytest.raises(ValidationError):
                make_rule(staff, **values)
        assert not AlertRule.objects.exists()


def test_alerts_of_long_ago_are_forgotten(staff: User, heat: Thermometer, look: Look) -> None:
    make_rule(staff)
    heat.values = {None: 12.0}
    look()
    heat.values = {}
    look(10)

    ForgetOld(now=NOW + timedelta(days=80)).execute()
    assert Alert.objects.exists()
    ForgetOld(now=NOW + timedelta(days=91)).execute()
    assert not Alert.objects.exists()
