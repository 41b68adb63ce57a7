"""Signing in by link, signing out, and tokens for programs."""

import re
from http import HTTPStatus
from types import SimpleNamespace

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from parallagon.accounts.models import User
from parallagon.accounts.services import sign_in_link
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-7"


def path_of(link: str) -> str:
    """Return what the test client asks for."""
    return re.sub(r"^https?://[^/]+", "", link)


class TestLink:
    def test_signs_in_and_goes_to_the_editor(self, client: Client) -> None:
        person = make_user()

        answer = client.get(path_of(sign_in_link(person)))

        assert (answer.status_code, answer.headers["Location"]) == (HTTPStatus.FOUND, "/editor")
        assert client.get("/api/v1/auth/me").json()["id"] == person.pk

    def test_signs_in_once(self, client: Client) -> None:
        link = path_of(sign_in_link(make_user()))
        client.get(link)

        stranger = Client()
        answer = stranger.get(link)

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "make link" in answer.content.decode()
        assert stranger.get("/api/v1/auth/me").status_code == HTTPStatus.UNAUTHORIZED

    def test_tells_who_is_signed_in_that_they_still_are(self, client: Client) -> None:
        person = make_user(first_name="Ada")
        link = path_of(sign_in_link(person))
        client.get(link)

        page = client.get(link).content.decode()

        assert "no longer works" in page
        assert "still signed in as Ada" in page

    def test_grows_old(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        link = path_of(sign_in_link(make_user()))
        monkeypatch.setattr("sesame.tokens_v2.time.time", lambda: 10_000_000_000)

        answer = client.get(link)

        assert answer.status_code == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize("query", ["", "?sesame=", "?sesame=nonsense"])
    def test_refuses_what_is_no_link(self, client: Client, query: str) -> None:
        answer = client.get(f"/login/{query}")

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "make link" in answer.content.decode()

    def test_is_dead_for_an_account_that_was_closed(self, client: Client) -> None:
        person = make_user()
        link = path_of(sign_in_link(person))
        User.objects.filter(pk=person.pk).update(is_active=False)

        answer = client.get(link)

        assert answer.status_code == HTTPStatus.FORBIDDEN

    def test_stays_out_of_caches_referrers_and_logs(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        link = path_of(sign_in_link(make_user()))

        with caplog.at_level("DEBUG"):
            first, second = client.get(link), client.get(link)

        for answer in (first, second):
            assert "no-store" in answer.headers["Cache-Control"]
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert link.partition("=")[2] not in caplog.text


class TestSignOut:
    def test_ends_the_session(self, client: Client) -> None:
        client.force_login(make_user())

        answer = client.post("/logout/")

        assert answer.headers["Location"] == "/signed-out"
        assert client.get("/api/v1/auth/me").status_code == HTTPStatus.UNAUTHORIZED

    def test_takes_a_post(self, client: Client) -> None:
        assert client.get("/logout/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestMe:
    def test_says_who_asks(self) -> None:
        person = make_user(first_name="Ada", last_name="Byron", email="ada@example.org")
        client = APIClient()
        client.force_authenticate(person)

        answer = client.get("/api/v1/auth/me")

        assert answer.json() == {
            "id": person.pk,
            "name": "Ada Byron",
            "email": "ada@example.org",
            "language": "",
        }

    def test_is_a_problem_for_a_stranger(self) -> None:
        answer = APIClient().get("/api/v1/auth/me")

        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not_authenticated"


class TestTokens:
    @pytest.fixture(autouse=True)
    def forget_attempts(self) -> None:
        cache.clear()

    def sign_in(self, client: APIClient, person: User, password: str = PASSWORD) -> dict[str, str]:
        body = {"username": person.username, "password": password}
        answer = client.post("/api/v1/auth/token", body, format="json")
        tokens: dict[str, str] = answer.json()
        return tokens

    def test_open_the_api(self) -> None:
        person, client = make_user(password=PASSWORD), APIClient()

        access = self.sign_in(client, person)["access"]

        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
        assert client.get("/api/v1/auth/me").json()["id"] == person.pk

    def test_are_renewed_once_by_each_refresh_token(self) -> None:
        person, client = make_user(password=PASSWORD), APIClient()
        refresh = {"refresh": self.sign_in(client, person)["refresh"]}

        first = client.post("/api/v1/auth/token/refresh", refresh, format="json")
        second = client.post("/api/v1/auth/token/refresh", refresh, format="json")

        assert first.status_code == HTTPStatus.OK
        assert first.json()["refresh"] != refresh["refresh"]
        assert second.status_code == HTTPStatus.UNAUTHORIZED

    def test_are_not_for_a_wrong_password(self) -> None:
        answer = self.sign_in(APIClient(), make_user(password=PASSWORD), "another-horse-8")

        assert answer["code"] == "authentication_failed"

    def test_are_not_for_an_account_without_a_password(self) -> None:
        assert self.sign_in(APIClient(), make_user(), "")["code"] == "invalid"

    def test_cannot_be_guessed_at_speed(self) -> None:
        person, client = make_user(password=PASSWORD), APIClient()
        for _ in range(5):
            self.sign_in(client, person, "another-horse-8")

        sixth = client.post(
            "/api/v1/auth/token", {"username": person.username, "password": PASSWORD}, format="json"
        )

        assert sixth.status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert int(sixth.headers["Retry-After"]) > 0
        assert "access" in self.sign_in(client, make_user(password=PASSWORD))


class TestAdmin:
    def test_lists_people_for_an_administrator(self, client: Client) -> None:
        client.force_login(User.objects.create_superuser("root-of-all"))

        page = client.get("/admin/accounts/user/")

        assert page.status_code == HTTPStatus.OK
        assert "root-of-all" in page.content.decode()


class TestLinkCommand:
    def test_prints_a_link_for_the_first_administrator(
        self, client: Client, capsys: pytest.CaptureFixture[str], settings: LazySettings
    ) -> None:
        make_user()
        administrator = User.objects.create_superuser("chief")

        call_command("link")

        link = capsys.readouterr().out.strip()
        assert link.startswith(f"http://127.0.0.1:{settings.PORT}/login/?sesame=")
        client.get(path_of(link))
        assert client.get("/api/v1/auth/me").json()["id"] == administrator.pk

    def test_says_what_to_do_when_there_is_nobody(self) -> None:
        with pytest.raises(SystemExit, match="make run"):
            call_command("link")

    @pytest.mark.parametrize(
        ("host", "shown"),
        [("0.0.0.0", "127.0.0.1"), ("::1", r"\[::1\]"), ("::", r"\[::1\]")],  # noqa: S104
    )
    def test_names_an_address_that_a_browser_here_can_open(
        self, settings: LazySettings, host: str, shown: str
    ) -> None:
        settings.HOST = host

        assert re.match(f"http://{shown}:", sign_in_link(make_user()))


class TestAttempts:
    @pytest.fixture(autouse=True)
    def forget_attempts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cache.clear()
        # However long the attempts take, they fall into one minute.
        monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: 1e9))

    def test_a_header_does_not_make_anybody_else(self) -> None:
        """Whoever writes X-Forwarded-For is still who connects."""
        person, client = make_user(password=PASSWORD), APIClient()
        body = {"username": person.username, "password": "another-horse-8"}

        answers = [
            client.post(
                "/api/v1/auth/token", body, format="json", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}"
            )
            for number in range(6)
        ]

        assert answers[-1].status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert int(answers[-1].headers["Retry-After"]) > 0

    def test_many_names_from_one_address_are_too_many(self) -> None:
        client = APIClient()

        answers = [
            client.post(
                "/api/v1/auth/token",
                {"username": f"name{number}", "password": PASSWORD},
                format="json",
            )
            for number in range(31)
        ]

        assert answers[29].status_code == HTTPStatus.UNAUTHORIZED
        assert answers[30].status_code == HTTPStatus.TOO_MANY_REQUESTS

    def test_one_that_is_none_is_refused_with_a_sentence(self) -> None:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

        answer = client.get("/api/v1/auth/me")

        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer.json()["detail"] == "Given token not valid for any token type"
