"""Sessions: where one is signed in, and everything that ends that."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from parallagon.accounts.models import SignedIn, SocketTicket, User
from parallagon.accounts.services import MakeTicket, PruneSignIns
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PASSWORD, OTHER = "correct-horse-7", "another-horse-8"


@pytest.fixture(autouse=True)
def forget_attempts() -> None:
    cache.clear()


@pytest.fixture
def person() -> User:
    return make_user(username="ada", password=PASSWORD)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(path: str, **body: str) -> Any:
    """Ask as a program without anything to show."""
    return APIClient().post(f"/api/v1/auth/{path}", body, format="json")


def is_in(client: Client) -> bool:
    return client.get("/api/v1/auth/me").status_code == HTTPStatus.OK


class TestPage:
    def test_signs_in_and_goes_where_one_wanted_to(self, client: Client, person: User) -> None:
        body = {"username": "ada", "password": PASSWORD, "next": "/editor/3"}

        answer = client.post("/sign-in", body)

        assert (answer.status_code, answer.headers["Location"]) == (302, "/editor/3")
        assert is_in(client)

    def test_goes_to_no_other_site(self, client: Client, person: User) -> None:
        body = {"username": "ada", "password": PASSWORD, "next": "https://evil.example/"}

        assert client.post("/sign-in", body).headers["Location"] == "/editor"

    def test_gives_the_session_another_key(self, client: Client, person: User) -> None:
        session = client.session
        session["seen"] = True
        session.save()
        before = session.session_key

        client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        assert is_in(client)
        assert client.session.session_key != before
        assert not Session.objects.filter(session_key=before).exists()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"username": "ada", "password": OTHER},
            {"username": "nobody", "password": PASSWORD},
            {"username": "a" * 151, "password": PASSWORD},
            {"username": "ada", "password": "x" * 5000},
            {"username": "ada\x00", "password": PASSWORD},
        ],
    )
    def test_says_what_is_wrong(self, client: Client, person: User, body: dict[str, str]) -> None:
        answer = client.post("/sign-in", body)

        assert answer.status_code == HTTPStatus.OK
        assert 'role="alert"' in answer.content.decode()
        assert not is_in(client)

    def test_says_until_when_to_wait(self, client: Client, person: User) -> None:
        for _ in range(5):
            client.post("/sign-in", {"username": "ada", "password": OTHER})

        answer = client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert "try again at" in answer.content.decode()
        assert int(answer.headers["Retry-After"]) > 0
        assert not is_in(client)

    def test_counts_with_the_tokens(self, client: Client, person: User) -> None:
        for _ in range(5):
            client.post("/sign-in", {"username": "ada", "password": OTHER})

        answer = APIClient().post(
            "/api/v1/auth/token", {"username": "ada", "password": PASSWORD}, format="json"
        )

        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_speaks_french(self, client: Client) -> None:
        page = client.get("/sign-in", headers={"Accept-Language": "fr"}).content.decode()

        assert "Mot de passe" in page

    def test_sends_whoever_is_signed_in_to_work(self, person: User) -> None:
        assert signed_in(person).get("/sign-in").headers["Location"] == "/editor"

    def test_needs_the_page_s_own_token(self, person: User) -> None:
        client = Client(enforce_csrf_checks=True)

        answer = client.post("/sign-in", {"username": "ada", "password": PASSWORD})

        assert answer.status_code == HTTPStatus.FORBIDDEN


class TestTime:
    @pytest.mark.parametrize("way", ["page", "token"])
    @pytest.mark.parametrize("name", ["ada", "nobody", "gone", "linked"])
    def test_is_that_of_one_hash_for_every_name(
        self, monkeypatch: pytest.MonkeyPatch, person: User, way: str, name: str
    ) -> None:
        make_user(username="gone", password=PASSWORD, is_active=False)
        make_user(username="linked")
        hashed = []
        hasher = hashers.get_hasher()
        encode = type(hasher).encode

        def counted(*given: Any, **more: Any) -> Any:
            hashed.append(1)
            return encode(*given, **more)

        monkeypatch.setattr(type(hasher), "encode", counted)

        body = {"username": name, "password": OTHER}
        if way == "page":
            Client().post("/sign-in", body)
        else:
            APIClient().post("/api/v1/auth/token", body, format="json")

        assert len(hashed) == 1


class TestList:
    def test_shows_where_one_is_signed_in(self, person: User) -> None:
        here, there = signed_in(person), Client(headers={"User-Agent": "Phone"})
        there.post("/sign-in", {"username": "ada", "password": PASSWORD})
        signed_in(make_user())

        with CaptureQueriesContext(connection) as queries:
            found = here.get("/api/v1/auth/sessions/").json()["results"]

        assert [(one["agent"], one["is_current"]) for one in found] == [
            ("Phone", False),
            ("", True),
        ]
        assert found[0]["address"] == "127.0.0.1"
        assert len(queries) == 2  # the person, the sessions

    def test_ends_one(self, person: User) -> None:
        here, there = signed_in(person), signed_in(person)
        other = here.get("/api/v1/auth/sessions/").json()["results"][0]

        answer = here.delete(f"/api/v1/auth/sessions/{other['id']}/")

        assert answer.status_code == HTTPStatus.NO_CONTENT
        assert (is_in(here), is_in(there)) == (True, False)

    def test_ends_this_one(self, person: User) -> None:
        here = signed_in(person)
        own = here.get("/api/v1/auth/sessions/").json()["results"][0]

        here.delete(f"/api/v1/auth/sessions/{own['id']}/")

        assert not is_in(here)
        assert not SignedIn.objects.exists()

    def test_ends_nobody_else_s(self, person: User) -> None:
        here, stranger = signed_in(person), signed_in(make_user())
        own = here.get("/api/v1/auth/sessions/").json()["results"][0]

        answer = stranger.delete(f"/api/v1/auth/sessions/{own['id']}/")

        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert is_in(here)

    def test_ends_everything(self, person: User) -> None:
        here, there = signed_in(person), signed_in(person)
        refresh = RefreshToken.for_user(person)
        MakeTicket(user=person, now=timezone.now()).execute()

        answer = here.post("/api/v1/auth/sessions/sign-out-everywhere")

        assert answer.status_code == HTTPStatus.NO_CONTENT
        assert (is_in(here), is_in(there)) == (False, False)
        program = APIClient()
        program.credentials(HTTP_AUTHORIZATION=f"Bearer {refresh.access_token}")
        assert program.get("/api/v1/auth/me").status_code == HTTPStatus.UNAUTHORIZED
        renewed = APIClient().post(
            "/api/v1/auth/token/refresh", {"refresh": str(refresh)}, format="json"
        )
        assert renewed.status_code == HTTPStatus.UNAUTHORIZED
        assert not SocketTicket.objects.exists()
        assert is_in(signed_in(User.objects.get(pk=person.pk)))


class TestEnd:
    @pytest.mark.parametrize(
        "change", [{"is_active": False}, {"is_superuser": True}, {"is_staff": True}]
    )
    def test_comes_with_the_account_and_its_privileges(
        self, person: User, change: dict[str, bool]
    ) -> None:
        here = signed_in(person)

        User.objects.filter(pk=person.pk).update(**change)

        assert not is_in(here)

    def test_comes_in_any_case(self, person: User, settings: Any) -> None:
        settings.SESSION_DAYS = 1
        here = signed_in(person)
        session = here.session
        session["signed_in_at"] -= 24 * 3600
        session.save()

        assert not is_in(here)
        assert not Session.objects.exists()

    def test_is_put_off_by_use(self, person: User) -> None:
        here = signed_in(person)
        key = here.session.session_key
        session = here.session
        session["seen_at"] -= 3600
        session.save()
        Session.objects.filter(session_key=key).update(
            expire_date=timezone.now() + timedelta(minutes=1)
        )

        answer = here.get("/api/v1/auth/me")

        assert settings.SESSION_COOKIE_NAME in answer.cookies
        assert Session.objects.get(session_key=key).expire_date > timezone.now() + timedelta(days=1)

    def test_of_what_is_over_is_cleared_away(self, person: User) -> None:
        signed_in(person)
        RefreshToken.for_user(person)
        MakeTicket(user=person, now=timezone.now()).execute()
        keeper = signed_in(make_user())
        later = timezone.now() + timedelta(days=20)
        Session.objects.filter(session_key=keeper.session.session_key).update(
            expire_date=later + timedelta(days=1)
        )

        PruneSignIns(now=later).execute()

        assert is_in(keeper)
        assert SignedIn.objects.count() == Session.objects.count() == 1
        assert not SocketTicket.objects.exists()
        assert not OutstandingToken.objects.exists()


class TestPassword:
    def change(self, client: Client, **body: str) -> Any:
        return client.post("/api/v1/auth/password", body, content_type="application/json")

    def test_changes_and_ends_the_other_sessions(self, person: User) -> None:
        here, there = signed_in(person), signed_in(person)
        key = here.session.session_key

        answer = self.change(here, current=PASSWORD, new=OTHER)

        assert answer.status_code == HTTPStatus.NO_CONTENT
        assert (is_in(here), is_in(there)) == (True, False)
        assert here.session.session_key != key
        assert [
            one["is_current"] for one in here.get("/api/v1/auth/sessions/").json()["results"]
        ] == [True]
        assert User.objects.get(pk=person.pk).check_password(OTHER)

    def test_needs_the_current_one(self, person: User) -> None:
        answer = self.change(signed_in(person), current=OTHER, new=OTHER)

        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_password")

    def test_needs_a_good_one(self, person: User) -> None:
        answer = self.change(signed_in(person), current=PASSWORD, new="short")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    def test_is_chosen_freely_by_who_has_none(self) -> None:
        here = signed_in(make_user(username="linked"))

        assert self.change(here, new=OTHER).status_code == HTTPStatus.NO_CONTENT
        assert is_in(here)

    def test_cannot_be_guessed_at_speed(self, person: User) -> None:
        here = signed_in(person)

        answers = [self.change(here, current=OTHER, new=OTHER) for _ in range(6)]

        assert answers[-1].status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_ends_tokens(self, person: User) -> None:
        refresh = RefreshToken.for_user(person)

        self.change(signed_in(person), current=PASSWORD, new=OTHER)

        renewed = APIClient().post(
            "/api/v1/auth/token/refresh", {"refresh": str(refresh)}, format="json"
        )
        assert renewed.status_code == HTTPStatus.UNAUTHORIZED

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({"current": OTHER, "new": OTHER, "again": OTHER}, "not your current password"),
            ({"current": PASSWORD, "new": OTHER, "again": "x"}, "two new passwords differ"),
            ({"current": PASSWORD, "new": "short", "again": "short"}, "too short"),
        ],
    )
    def test_page_says_what_is_wrong(
        self, person: User, body: dict[str, str], sentence: str
    ) -> None:
        here = signed_in(person)

        assert sentence in here.post("/account/password", body).content.decode()
        assert User.objects.get(pk=person.pk).check_password(PASSWORD)

    def test_page_changes_it(self, person: User) -> None:
        here = signed_in(person)

        answer = here.post("/account/password", {"current": PASSWORD, "new": OTHER, "again": OTHER})

        assert answer.headers["Location"] == "/editor"
        assert is_in(here)


class TestRevoke:
    def test_ends_a_refresh_token(self, person: User) -> None:
        refresh = {"refresh": str(RefreshToken.for_user(person))}

        assert (
            APIClient().post("/api/v1/auth/token/revoke", refresh, format="json").status_code
            == HTTPStatus.OK
        )

        renewed = APIClient().post("/api/v1/auth/token/refresh", refresh, format="json")
        assert renewed.status_code == HTTPStatus.UNAUTHORIZED
