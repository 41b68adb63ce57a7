"""What events mean to people: told once, by whichever reader is first, and lost by none."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from agents.hooks import LoopStopped
from agents.telling import tell_of_loop
from missions import events
from missions.models import Mission, Proposal
from missions.services import AddMember
from notifications import sources
from notifications.models import Cursor, Notification
from notifications.services import ForgetOld, Notify
from notifications.sources import FollowEvents, TellOfExpiring
from parallagon.accounts.models import User
from parallagon.core.errors import ServiceError
from tests.factories import make_user


def now() -> datetime:
    return datetime.now(UTC)


def publish(mission: Mission, kind: Any, at: datetime | None = None, **data: Any) -> None:
    with transaction.atomic():
        events.publish(mission.pk, kind, data, at=at or now())


def follow() -> int:
    return FollowEvents(now=now()).execute()


def proposal(mission: Mission, created_at: datetime | None = None) -> Proposal:
    return Proposal.objects.create(
        mission=mission,
        role="production",
        run_id=uuid4(),
        reason="REVIEW",
        created_at=created_at or now(),
    )


def unread() -> list[str]:
    return list(Notification.objects.unread().order_by("pk").values_list("type", flat=True))


class TestMeaning:
    def test_a_mission_that_rests_and_works_again(self, mission: Mission) -> None:
        publish(mission, "mission.changed", activity="settled")
        follow()
        assert unread() == ["mission.settled"]

        publish(mission, "mission.changed", activity="working")
        follow()
        assert unread() == []

    @pytest.mark.parametrize(
        ("level", "types"),
        [
            ("warning", ["budget.warning"]),
            ("reached", ["budget.reached"]),
            ("changed", []),
        ],
    )
    def test_a_budget(self, mission: Mission, level: str, types: list[str]) -> None:
        budget = {"level": level, "scope": "mission_day", "agent": None, "used": "4", "cap": "5"}
        publish(mission, "mission.changed", activity="working", budget=budget)

        follow()

        assert unread() == types
        assert all(one.params["percent"] == 80 for one in Notification.objects.all())

    def test_a_model_is_one_message_for_all_missions(self, mission: Mission, owner: User) -> None:
        other = Mission.objects.create(owner=owner, title="Another", model="offline/writer")
        other.memberships.create(user=owner, role="owner")
        for one in (mission, other):
            publish(one, "breaker.changed", model="a/b", state="open")

        follow()

        assert Notification.objects.get().count == 2
        publish(mission, "breaker.changed", model="a/b", state="closed")
        follow()
        assert unread() == ["breaker.closed"]

    def test_a_proposal_until_it_is_decided(self, mission: Mission) -> None:
        waiting = proposal(mission)
        publish(mission, "proposal.changed", proposal=waiting.pk, state="OPEN")
        follow()
        assert unread() == ["proposal.waits"]

        publish(mission, "proposal.changed", proposal=waiting.pk, state="ACCEPTED")
        follow()
        assert unread() == []

    def test_a_proposal_that_was_decided_before_anybody_looked(self, mission: Mission) -> None:
        decided = proposal(mission)
        Proposal.objects.filter(pk=decided.pk).update(state="ACCEPTED")
        publish(mission, "proposal.changed", proposal=decided.pk, state="OPEN")

        follow()

        assert unread() == []

    def test_a_file_set_aside(self, mission: Mission) -> None:
        publish(mission, "file.set_aside", path="a.md", aside="a.1.md", reason="no text")

        follow()

        assert unread() == ["file.set_aside"]

    def test_odd_data_means_nothing_worse(self, mission: Mission) -> None:
        publish(mission, "mission.changed", budget={"level": "warning", "cap": "0", "used": "x"})
        publish(mission, "mission.changed", budget="x", activity=7)
        publish(mission, "file.changed", path="a.md")

        assert follow() == 3
        assert unread() == ["budget.warning"]


class TestCursor:
    def test_each_event_once(self, mission: Mission) -> None:
        publish(mission, "mission.changed", activity="settled")

        assert [follow(), follow()] == [1, 0]
        assert Cursor.objects.get().seq == 1

    def test_more_than_one_look_takes(
        self, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sources, "AT_ONCE", 2)
        for number in range(5):
            publish(mission, "file.set_aside", path="a.md", aside=f"a.{number}.md", reason="")

        assert [follow() for _ in range(4)] == [2, 2, 1, 0]
        assert Notification.objects.count() == 5

    def test_what_fails_is_told_the_next_time(
        self, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publish(mission, "mission.changed", activity="settled")
        with monkeypatch.context() as patch:
            patch.setattr(Notify, "_perform", _fail)
            assert follow() == 0

        assert follow() == 1
        assert unread() == ["mission.settled"]

    def test_what_was_pruned_is_passed_over(self, mission: Mission) -> None:
        publish(mission, "mission.changed", activity="settled")
        mission.events.all().delete()

        follow()

        assert Cursor.objects.get().seq == 1

    def test_old_news_is_no_news(self, mission: Mission) -> None:
        publish(mission, "mission.changed", at=now() - timedelta(days=8), activity="settled")

        assert follow() == 1
        assert unread() == []

    @pytest.mark.django_db(transaction=True)
    def test_many_readers_at_once_tell_once(self, mission: Mission) -> None:
        for number in range(20):
            publish(mission, "file.set_aside", path="a.md", aside=f"a.{number}.md", reason="")

        def read() -> None:
            try:
                follow()
            finally:
                connection.close()

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()

        assert Notification.objects.count() == 20
        assert set(Notification.objects.values_list("count", flat=True)) == {1}


def _fail(*_args: Any) -> None:
    raise ServiceError("not now")


class TestWithinTheChange:
    def test_a_newcomer_is_told(self, mission: Mission, stranger: User) -> None:
        AddMember(mission=mission, user=stranger, role="viewer", now=now()).execute()

        told = Notification.objects.get()
        assert (told.type, told.user) == ("member.added", stranger)

    @pytest.mark.parametrize(
        ("kind", "told"), [("failing", "run.failing"), ("returned", "agent.loop")]
    )
    def test_agents_in_vain_or_in_circles(self, mission: Mission, kind: str, told: str) -> None:
        stopped = LoopStopped(
            mission=mission, roles=("suivi",), kind=kind, reason="it came back", now=now()
        )

        for _ in range(2):
            tell_of_loop(stopped)

        row = Notification.objects.get()
        assert (row.type, row.count, row.params["reason"]) == (told, 2, "it came back")


class TestTime:
    def test_proposals_about_to_expire_are_told_once(self, mission: Mission) -> None:
        proposal(mission, created_at=now() - timedelta(days=13))
        proposal(mission)

        assert TellOfExpiring(now=now()).execute() == 1
        assert TellOfExpiring(now=now()).execute() == 0

    def test_the_old_is_forgotten(self, mission: Mission) -> None:
        person = make_user()
        for days in (100, 1):
            at = now() - timedelta(days=days)
            Notify(type="note", mission=mission, to=[person], now=at).execute()

        assert ForgetOld(now=now()).execute() == 1
        assert Notification.objects.count() == 1
