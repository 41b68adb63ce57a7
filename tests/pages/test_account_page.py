"""The page of one's account: what it shows, and what its buttons do."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from frontend.browsers import browser_of
from parallagon.accounts.models import ApiKey, SignedIn, User
from parallagon.accounts.services import CreateKey
from tests.factories import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 2, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def forget_attempts() -> None:
    cache.clear()


@pytest.fixture
def ada() -> User:
    return make_user(username="ada", first_name="Ada", email="ada@example.org", password="x" * 12)


@pytest.fixture
def here(ada: User) -> Client:
    return signed_in(ada)


def signed_in(user: User, agent: str = FIREFOX) -> Client:
    client = Client(headers={"user-agent": agent})
    client.post("/sign-in", {"username": user.username, "password": "x" * 12})
    return client


def press(client: Client, action: str, **fields: Any) -> Any:
    return client.post("/account", {"action": action, **fields})


def is_in(client: Client) -> bool:
    return client.get("/api/v1/auth/me").status_code == HTTPStatus.OK


class TestPage:
    def test_shows_sessions_and_keys_with_few_queries(
        self, here: Client, ada: User, django_assert_num_queries: Any
    ) -> None:
        signed_in(ada, "curl/8.5")
        CreateKey(user=ada, name="backup <b>", scopes=("read", "write"), now=NOW).execute()

        with django_assert_num_queries(3):  # the person, sessions, keys; the session is cached
            answer = here.get("/account")

        text = answer.content.decode()
        for shown in (
            "Firefox · Linux",
            "curl/8.5",
            "backup &lt;b&gt;",
            "read, change files",
            "ada@example",
        ):
            assert shown in text
        assert text.count("end-session") == 2
        assert "no-store" in answer.headers["Cache-Control"]

    def test_asks_a_stranger_to_sign_in_first(self, client: Client) -> None:
        for answer in (client.get("/account"), press(client, "make-key", name="k")):
            assert answer.headers["Location"] == "/sign-in?next=/account"

    def test_is_found_from_the_editor(self, here: Client) -> None:
        assert '"account": "/account"' in here.get("/editor").content.decode()

    def test_speaks_french(self, here: Client) -> None:
        answer = here.post("/language", {"language": "fr", "next": "/account"})

        assert answer.headers["Location"] == "/account"
        assert "Où vous êtes connecté" in here.get("/account").content.decode()
        assert User.objects.get().language == "fr"

    def test_a_language_that_is_none_changes_nothing(self, here: Client) -> None:
        here.post("/language", {"language": "xx", "next": "/account"})

        assert User.objects.get().language == ""

    @pytest.mark.parametrize(
        ("theme", "kept"), [("dark", "dark"), ("light", "light"), ("", ""), ('"><script>', "")]
    )
    def test_keeps_the_look(self, here: Client, theme: str, kept: str) -> None:
        here.cookies["parallagon_theme"] = "dark"

        press(here, "theme", theme=theme)

        assert here.cookies["parallagon_theme"].value == kept
        page = here.get("/account").content.decode()
        assert ('<html lang="en" class="dark"' in page) == (kept == "dark")

    @pytest.mark.parametrize("cookie", ["", "system", "sepia"])
    def test_shows_that_none_was_chosen(self, here: Client, cookie: str) -> None:
        here.cookies["parallagon_theme"] = cookie

        page = here.get("/account").content.decode()

        chosen = re.findall(r'name="theme" value="(\w*)" aria-pressed="true"', page)
        assert chosen == [""]


class TestSessions:
    def test_end_one_by_one(self, here: Client, ada: User) -> None:
        there = signed_in(ada)
        session = SignedIn.objects.get(session_key=there.session.session_key)

        answer = press(here, "end-session", id=session.pk)

        assert answer.headers["Location"] == "/account"
        assert not is_in(there)
        assert is_in(here)

    def test_end_here(self, here: Client) -> None:
        answer = press(here, "end-session", id=SignedIn.objects.get().pk)

        assert answer.headers["Location"] == "/signed-out"
        assert not is_in(here)

    def test_end_everywhere(self, here: Client, ada: User) -> None:
        there = signed_in(ada)

        answer = press(here, "sign-out-everywhere")

        assert answer.headers["Location"] == "/signed-out"
        assert not is_in(here)
        assert not is_in(there)

    @pytest.mark.parametrize("number", ["", "x", "-1", "²", "9" * 30, "9" * 19])
    def test_none_that_is_not_there(self, here: Client, number: str) -> None:
        answer = press(here, "end-session", id=number)

        assert answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
        assert 'role="alert"' in answer.content.decode()

    def test_none_of_others(self, here: Client) -> None:
        other = signed_in(make_user(username="grace", password="x" * 12))
        session = SignedIn.objects.get(session_key=other.session.session_key)

        assert press(here, "end-session", id=session.pk).status_code == HTTPStatus.NOT_FOUND
        assert is_in(other)


class TestKeys:
    def test_are_shown_once_and_open_the_api(self, here: Client, client: Client) -> None:
        answer = press(here, "make-key", name="backup", scopes=["read"], days="30")

        found = re.search(r"<code>(pk_[\w-]+)</code>", answer.content.decode())
        assert found
        asked = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {found[1]}"})
        assert asked.json()["name"] == "Ada"
        assert found[1] not in here.get("/account").content.decode()
        assert "no-store" in answer.headers["Cache-Control"]
        key = ApiKey.objects.get()
        assert key.expires_at is not None
        assert (key.scopes, (key.expires_at - key.created_at).days) == (["read"], 30)

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "", "scopes": ["read"], "days": "30"},
            {"name": "k", "scopes": [], "days": "30"},
            {"name": "k", "scopes": ["everything"], "days": "30"},
            {"name": "k", "scopes": ["read"], "days": "31"},
            {"name": "k" * 101, "scopes": ["read"], "days": "0"},
        ],
    )
    def test_are_refused_with_a_sentence(self, here: Client, fields: dict[str, Any]) -> None:
        answer = press(here, "make-key", **fields)

        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert 'role="alert"' in answer.content.decode()
        assert f'value="{fields["name"]}"' in answer.content.decode()
        assert not ApiKey.objects.exists()

    def test_are_revoked(self, here: Client, ada: User) -> None:
        key = CreateKey(user=ada, name="k", scopes=("read",), now=NOW).execute().key

        press(here, "revoke-key", id=key.pk)

        key.refresh_from_db()
        assert key.revoked_at is not None

    def test_none_of_others(self, here: Client) -> None:
        key = CreateKey(user=make_user(), name="k", scopes=("read",), now=NOW).execute().key

        assert press(here, "revoke-key", id=key.pk).status_code == HTTPStatus.NOT_FOUND


def test_no_other_site_presses_a_button(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    answer = press(client, "sign-out-everywhere")

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert is_in(client)


def test_an_action_that_is_none_is_refused(here: Client) -> None:
    assert press(here, "explode").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36", "Chrome · Android"),
        ("curl/8.5", "curl/8.5"),
        ("x" * 200, "x" * 40),
        ("", ""),
    ],
)
def test_a_browser_has_a_name_that_people_know(agent: str, name: str) -> None:
    assert browser_of(agent) == name
