"""Invitations: by link and by e-mail, accepted once, listed and taken back by owners."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from missions.models import Invitation, Membership, Mission
from missions.models.invitations import TRY_AGAIN
from missions.services import MailUnavailable, SendInvitation
from missions.tasks import send_invitations
from parallagon.accounts.models import User
from tests.missions_api.conftest import browser


def invite(client: APIClient, url: str, **body: str) -> dict[str, Any]:
    answer = client.post(f"{url}invitations/", {"role": "editor", **body}, format="json")
    assert answer.status_code == 201, answer.json()
    return dict(answer.json())


def path_of(link: str) -> str:
    return re.sub(r"^https?://[^/]+", "", link)


class TestLink:
    def test_lets_one_person_join(
        self, client: APIClient, url: str, mission: Mission, stranger: User
    ) -> None:
        link = path_of(invite(client, url)["link"])
        guest = browser(stranger)

        page = guest.get(link)
        answer = guest.post(link)

        assert "Ada Lovelace invites you to “A mission” as editor" in page.content.decode()
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Location"] == f"/editor/{mission.pk}"
        assert Membership.objects.get(user=stranger).role == "editor"
        assert client.get(f"{url}invitations/").json()["results"] == []

    def test_works_once(self, client: APIClient, url: str, stranger: User, viewer: User) -> None:
        link = path_of(invite(client, url)["link"])
        browser(stranger).post(link)

        another = browser(User.objects.create_user("another"))
        answer = another.post(link)

        assert answer.status_code == 410
        assert "no longer good" in answer.content.decode()

    def test_waits_for_its_reader_to_sign_in(self, client: APIClient, url: str) -> None:
        link = path_of(invite(client, url)["link"])

        assert APIClient().get(link).headers["Location"] == f"/sign-in?next={link}"

    def test_is_not_spent_by_a_member(
        self, client: APIClient, url: str, viewer: User, mission: Mission
    ) -> None:
        link = path_of(invite(client, url)["link"])

        answer = browser(viewer).post(link)

        assert answer.headers["Location"] == f"/editor/{mission.pk}"
        assert Membership.objects.get(user=viewer).role == "viewer"
        assert Invitation.objects.get().accepted_at is None

    def test_is_kept_as_a_digest(self, client: APIClient, url: str) -> None:
        secret = invite(client, url)["link"].rpartition("/")[2]

        assert secret not in str(Invitation.objects.values().get())

    @pytest.mark.parametrize("end", ["revoked", "old", "deleted", "unknown"])
    def test_ends(
        self, client: APIClient, url: str, stranger: User, mission: Mission, end: str
    ) -> None:
        made = invite(client, url)
        secret = made["link"].rpartition("/")[2]
        if end == "revoked":
            assert client.delete(f"{url}invitations/{made['id']}/").status_code == 204
        elif end == "old":
            Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        elif end == "deleted":
            Mission.objects.filter(pk=mission.pk).update(state=Mission.State.DELETED)
        else:
            secret = "x"

        answer = browser(stranger).post(
            "/api/v1/invitations/accept", {"secret": secret}, format="json"
        )

        assert answer.status_code == (410 if end in {"revoked", "old"} else 404)
        assert not Membership.objects.filter(user=stranger).exists()

    def test_is_accepted_over_the_api(self, client: APIClient, url: str, stranger: User) -> None:
        secret = invite(client, url)["link"].rpartition("/")[2]
        accept = {"secret": secret}

        answer = browser(stranger).post("/api/v1/invitations/accept", accept, format="json")

        assert (answer.status_code, answer.json()["role"]) == (201, "editor")


class TestMail:
    def test_brings_the_link(self, client: APIClient, url: str, stranger: User) -> None:
        made = invite(client, url, email="guest@example.org")
        assert made["link"] is None
        assert Invitation.objects.get().digest is None  # no secret waits anywhere

        assert (send_invitations(), send_invitations()) == (1, 0)

        (message,) = mail.outbox
        assert message.to == ["guest@example.org"]
        assert "Ada Lovelace invites you" in message.subject
        link = re.search(r"http\S+", str(message.body))
        assert link is not None
        assert browser(stranger).post(path_of(link.group())).status_code == 302
        assert Membership.objects.filter(user=stranger).exists()

    def test_leaves_once_from_two_workers(self, client: APIClient, url: str) -> None:
        invite(client, url, email="guest@example.org")
        send = SendInvitation(invitation=Invitation.objects.get(), now=timezone.now())

        assert [send.execute(), send.execute()] == [True, False]

    def test_is_tried_again_when_the_server_is_down(
        self, client: APIClient, url: str, settings: Any
    ) -> None:
        invite(client, url, email="guest@example.org")
        working = settings.EMAIL_BACKEND
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

        assert send_invitations() == 0
        with pytest.raises(MailUnavailable):
            SendInvitation(
                invitation=Invitation.objects.get(), now=timezone.now() + 2 * TRY_AGAIN
            ).execute()
        settings.EMAIL_BACKEND = working
        assert send_invitations() == 0  # not at once
        Invitation.objects.update(tried_at=timezone.now() - TRY_AGAIN)

        assert send_invitations() == 1

    def test_is_one_line_in_its_subject(
        self, client: APIClient, url: str, mission: Mission
    ) -> None:
        Mission.objects.filter(pk=mission.pk).update(title="A\nBcc: x@example.org")
        invite(client, url, email="guest@example.org")

        send_invitations()

        assert "\n" not in mail.outbox[0].subject


class TestList:
    @pytest.mark.parametrize(
        "wrong", [{"role": "king"}, {"role": ""}, {"email": "nowhere"}, {"email": "a" * 300}]
    )
    def test_takes_what_is_an_invitation(
        self, client: APIClient, url: str, wrong: dict[str, str]
    ) -> None:
        answer = client.post(f"{url}invitations/", {"role": "viewer", **wrong}, format="json")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    def test_costs_the_same_however_long(self, client: APIClient, url: str) -> None:
        counts = []
        for _ in range(2):
            invite(client, url)
            with CaptureQueriesContext(connection) as queries:
                found = client.get(f"{url}invitations/").json()["results"]
            counts.append(len(queries))

        assert counts == [3, 3]  # the person, the membership, the invitations
        assert [one["invited_by"] for one in found] == ["Ada Lovelace"] * 2
        assert "link" not in found[0]
