"""Messages on their way out: together or at once, tried again, given up, never under two ids."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from missions.models import Mission
from notifications import delivering
from notifications.channels.letters import DeliveryFailed
from notifications.delivering import SERVICES, DeliverDue, pause_after
from notifications.models import Delivery, Notification, Preference, Target
from notifications.services import ForgetOld, MarkAllRead, SetTarget, TestTarget
from parallagon.accounts.models import User
from tests.notifications.conftest import tell
from tests.notifications.receiver import Receiver, receiving

State = Delivery.State
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Clock:
    """A clock that goes on when it is told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def own_circuits() -> Iterator[None]:
    SERVICES.forget()
    yield
    SERVICES.forget()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.PARALLAGON_WEBHOOK_HTTP = settings.PARALLAGON_WEBHOOK_PRIVATE = True
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hooked(owner: User, receiver: Receiver) -> User:
    """Return somebody whose webhook leads to the receiver."""
    SetTarget(user=owner, channel="webhook", address=receiver.address, now=START).execute()
    return owner


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def ids(receiver: Receiver) -> list[str]:
    return [str(json.loads(body)["id"]) for _headers, body in receiver.got]


class TestGoing:
    def test_what_is_urgent_goes_at_once_and_takes_along_what_waits(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        tell(mission, "proposal.waits", now=clock(), to=[hooked])
        assert DeliverDue(clock=clock).execute() == 0

        tell(mission, "budget.reached", now=clock(), to=[hooked])
        assert DeliverDue(clock=clock).execute() == 2

        told = json.loads(receiver.got[0][1])["notifications"]
        assert [one["type"] for one in told] == ["proposal.waits", "budget.reached"]
        assert states() == [State.SENT, State.SENT]

    def test_several_go_together_after_a_while(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        for _ in range(3):
            tell(mission, "proposal.waits", now=clock(), to=[hooked])
        clock.forward(seconds=61)

        assert DeliverDue(clock=clock).execute() == 3
        assert len(receiver.got) == 1

    def test_in_the_language_of_its_reader(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        User.objects.filter(pk=hooked.pk).update(language="fr")
        tell(mission, "budget.reached", now=clock(), to=[hooked])

        DeliverDue(clock=clock).execute()

        assert "épuisé" in json.loads(receiver.got[0][1])["notifications"][0]["title"]

    def test_what_was_read_meanwhile_does_not_go(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        tell(mission, "proposal.waits", now=clock(), to=[hooked])
        MarkAllRead(user=hooked, now=clock()).execute()
        clock.forward(seconds=61)

        assert DeliverDue(clock=clock).execute() == 0
        assert (states(), receiver.got) == ([State.EXPIRED], [])

    def test_what_is_too_late_does_not_go(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        tell(mission, "proposal.waits", now=clock(), to=[hooked])
        clock.forward(days=15)

        DeliverDue(clock=clock).execute()

        assert (states(), receiver.got) == ([State.EXPIRED], [])

    def test_who_wants_it_outside_only_finds_nothing_inside(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        for channel in ("in_app", "browser"):
            Preference.objects.create(
                user=hooked, type="budget.reached", channel=channel, is_on=False
            )
        tell(mission, "budget.reached", now=clock(), to=[hooked])

        assert DeliverDue(clock=clock).execute() == 1
        assert not Notification.objects.shown(now=clock()).exists()
        assert Notification.objects.get().read_at is not None

    def test_a_test(self, hooked: User, receiver: Receiver, clock: Clock) -> None:
        TestTarget(user=hooked, channel="webhook", now=clock()).execute()

        assert DeliverDue(clock=clock).execute() == 1


class TestFailing:
    def test_is_tried_again_under_the_same_id(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        receiver.answers = [500, 503]
        tell(mission, "budget.reached", now=clock(), to=[hooked])

        went = []
        for _ in range(3):
            went.append(DeliverDue(clock=clock).execute())
            assert DeliverDue(clock=clock).execute() == 0  # its pause is not over
            clock.forward(seconds=31)

        assert went == [0, 0, 1]
        assert len(set(ids(receiver))) == 1
        assert Target.objects.get().last_error == ""

    def test_is_given_up_in_the_end(self, mission: Mission, hooked: User, clock: Clock) -> None:
        tell(mission, "budget.reached", now=clock(), to=[hooked])
        tried = 0

        def fail(*_args: Any, **_options: Any) -> None:
            nonlocal tried
            tried += 1
            raise DeliveryFailed("no answer")

        for _ in range(30):
            DeliverDue(clock=clock, send=fail).execute()
            clock.forward(hours=1)

        assert (states(), tried) == ([State.FAILED], delivering.MOST_ATTEMPTS)
        assert Target.objects.get().last_error == "no answer"

    def test_what_is_refused_for_good_is_not_tried_again(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        receiver.answers = [410]
        tell(mission, "budget.reached", now=clock(), to=[hooked])

        DeliverDue(clock=clock).execute()

        assert states() == [State.FAILED]
        assert "410" in Target.objects.get().last_error

    def test_a_service_that_is_ill_is_left_alone(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        for _ in range(7):
            TestTarget(user=hooked, channel="webhook", now=clock()).execute()
            receiver.answers = [500]
            DeliverDue(clock=clock).execute()

        assert len(receiver.got) == 5
        assert max(Delivery.objects.values_list("attempts", flat=True)) == 1
        receiver.answers = []
        clock.forward(minutes=10)
        DeliverDue(clock=clock).execute()
        assert states() == [State.SENT] * 7

    def test_an_address_that_cannot_be_read_any_more(
        self, mission: Mission, hooked: User, clock: Clock, settings: Any
    ) -> None:
        tell(mission, "budget.reached", now=clock(), to=[hooked])
        settings.SECRET_KEY = "another"

        DeliverDue(clock=clock).execute()

        assert states() == [State.FAILED]

    @given(st.integers(1, 1000), st.floats(0, 1))
    def test_pauses_grow_and_are_bounded(self, attempts: int, chance: float) -> None:
        pause = pause_after(attempts, chance=chance)

        assert delivering.FIRST_PAUSE / 2 <= pause <= delivering.LONGEST_PAUSE
        assert pause_after(attempts + 1, chance=chance) >= pause


class TestTogether:
    def test_what_a_dead_sender_had_goes_again_under_the_same_id(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        tell(mission, "budget.reached", now=clock(), to=[hooked])

        def die(*_args: Any, **_options: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            DeliverDue(clock=clock, send=die).execute()
        assert states() == [State.SENDING]
        assert delivering.is_at_work(now=clock())
        assert DeliverDue(clock=clock).execute() == 0
        batch = str(Delivery.objects.get().batch)

        clock.forward(minutes=3)

        assert DeliverDue(clock=clock).execute() == 1
        assert ids(receiver) == [batch]

    def test_one_that_comes_back_late_changes_nothing(
        self, mission: Mission, hooked: User, clock: Clock
    ) -> None:
        tell(mission, "budget.reached", now=clock(), to=[hooked])

        def slow(*_args: Any, **_options: Any) -> None:
            clock.forward(minutes=3)
            DeliverDue(clock=clock, send=lambda *_a, **_o: None).execute()
            raise DeliveryFailed("too late", for_good=True)

        DeliverDue(clock=clock, send=slow).execute()

        assert states() == [State.SENT]

    @pytest.mark.django_db(transaction=True)
    def test_many_senders_send_each_once(
        self, mission: Mission, hooked: User, receiver: Receiver, clock: Clock
    ) -> None:
        for _ in range(30):
            TestTarget(user=hooked, channel="webhook", now=clock()).execute()

        def deliver() -> None:
            try:
                DeliverDue(clock=clock).execute()
            finally:
                connection.close()

        senders = [threading.Thread(target=deliver) for _ in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

        told = [
            one["id"]
            for _headers, body in receiver.got
            for one in json.loads(body)["notifications"]
        ]
        assert sorted(told) == sorted(Notification.objects.values_list("pk", flat=True))
        assert set(states()) == {State.SENT}

    def test_what_is_under_way_is_not_forgotten(
        self, mission: Mission, hooked: User, clock: Clock
    ) -> None:
        tell(mission, "budget.reached", now=clock(), to=[hooked])
        clock.forward(days=365)

        assert ForgetOld(now=clock()).execute() == 0
