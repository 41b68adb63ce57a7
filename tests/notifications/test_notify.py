"""Telling people: whom, once while unread, in whose words, until when."""

from datetime import timedelta

import pytest
from django.test import override_settings

from missions.models import Mission
from notifications.messages import TYPES, UnknownType, words
from notifications.models import Delivery, Notification, Preference
from notifications.services import MarkAllRead, MarkRead, Notify, Resolve, SetTarget
from parallagon.accounts.models import User
from tests.factories import make_user
from tests.notifications.conftest import NOW, tell


class TestWho:
    def test_members_editors_owners_or_staff(
        self, mission: Mission, owner: User, editor: User, viewer: User, stranger: User
    ) -> None:
        staff = make_user(username="root", is_staff=True)

        def told(kind: str) -> set[User]:
            return {one.user for one in tell(mission, kind)}

        assert told("mission.settled") == {owner, editor, viewer}
        assert told("proposal.waits") == {owner, editor}
        assert told("budget.reached") == {owner}
        assert told("alert.fired") == {staff}

    def test_nobody_who_may_not_sign_in(self, mission: Mission, editor: User) -> None:
        User.objects.filter(pk=editor.pk).update(is_active=False)

        assert editor.pk not in {one.user_id for one in tell(mission)}

    def test_nobody_who_wants_it_over_no_channel(self, mission: Mission, owner: User) -> None:
        for channel in ("in_app", "browser"):
            Preference.objects.create(
                user=owner, type="mission.settled", channel=channel, is_on=False
            )

        assert tell(mission) == []

    def test_refuses_a_type_that_nobody_knows(self, mission: Mission) -> None:
        with pytest.raises(UnknownType):
            tell(mission, "no.such")


class TestOnce:
    def test_counts_up_while_unread(self, mission: Mission, owner: User) -> None:
        for _ in range(3):
            told = tell(mission, dedupe_key="a", to=[owner])

        assert Notification.objects.get().count == 3
        assert words(told[0], language="en").title.endswith("(3 times)")
        assert told[0].seq == 3

    def test_begins_anew_once_read(self, mission: Mission, owner: User) -> None:
        (first,) = tell(mission, dedupe_key="a", to=[owner])
        MarkRead(notification=first, now=NOW).execute()

        (second,) = tell(mission, dedupe_key="a", to=[owner])

        assert second.pk != first.pk
        assert second.count == 1

    def test_without_a_key_each_is_its_own(self, mission: Mission, owner: User) -> None:
        tell(mission, to=[owner])
        tell(mission, to=[owner])

        assert Notification.objects.count() == 2

    def test_what_is_told_once_is_not_told_again_after_it_was_read(
        self, mission: Mission, owner: User
    ) -> None:
        tell(mission, "proposal.expiring", dedupe_key="7", to=[owner])
        MarkAllRead(user=owner, now=NOW).execute()

        assert tell(mission, "proposal.expiring", dedupe_key="7", to=[owner]) == []

    def test_the_same_again_goes_outside_once(self, mission: Mission, owner: User) -> None:
        SetTarget(user=owner, channel="email", address="ada@example.org", now=NOW).execute()

        for _ in range(2):
            tell(mission, "proposal.waits", dedupe_key="7", to=[owner])

        assert Delivery.objects.get().channel == "email"


class TestTime:
    def test_what_is_too_old_is_not_told(self, mission: Mission) -> None:
        assert tell(mission, now=NOW, at=NOW - timedelta(days=7)) == []
        assert tell(mission, now=NOW, at=NOW - timedelta(days=6)) != []

    def test_what_has_settled_itself_need_not_be_read(self, mission: Mission, owner: User) -> None:
        tell(mission, "proposal.waits", dedupe_key="7", to=[owner])
        tell(mission, "proposal.waits", dedupe_key="8", to=[owner])

        assert Resolve(type="proposal.waits", dedupe_key="7", now=NOW).execute() == 1
        assert Notification.objects.unread().get().dedupe_key == "8"


class TestWords:
    @pytest.mark.parametrize("language", ["en", "fr"])
    @pytest.mark.parametrize("key", TYPES)
    def test_every_type_has_words_in_both_languages(self, key: str, language: str) -> None:
        names = ("mission", "role", "reason", "model", "title", "text", "author", "name", "detail")
        told = Notification(type=key, params={name: f"<{name}>" for name in names})

        said = words(told, language=language)

        assert said.title
        assert "%(" not in said.title + said.body
        other = words(told, language="fr" if language == "en" else "en")
        assert said.title != other.title or key == "announcement"

    def test_survive_parameters_that_are_missing_or_odd(self) -> None:
        told = Notification(type="file.set_aside", params={"path": "%(x)s %s", "aside": None})

        assert "%(x)s %s" in words(told, language="en").body

    def test_a_type_that_is_gone_is_told_by_its_name(self) -> None:
        assert words(Notification(type="gone"), language="en").title == "gone"

    @override_settings(PARALLAGON_LANGUAGE="fr")
    def test_count_in_french(self) -> None:
        told = Notification(type="mission.settled", params={"mission": "M"}, count=5)

        assert words(told, language="fr").title.endswith("(5 fois)")


def test_a_note_is_bounded(mission: Mission) -> None:
    (told,) = Notify(type="note", mission=mission, params={"text": "x" * 9000}, now=NOW).execute()

    assert len(told.params["text"]) == 1000
