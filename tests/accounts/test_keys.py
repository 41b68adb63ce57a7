"""Keys of programs: what they open, what they never do."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework.views import APIView

from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.scopes import required_scope
from parallagon.accounts.services import MOST_KEYS, CreateKey, RevokeKey
from tests.factories import make_user

pytestmark = pytest.mark.django_db
ALL = tuple(ApiKey.Scope.values)


def make_key(user: User, *scopes: str, **fields: Any) -> tuple[ApiKey, str]:
    """Return a key and its secret."""
    fields = {"name": "a program", "now": timezone.now(), **fields}
    made = CreateKey(user=user, scopes=scopes or ALL, **fields).execute()
    return made.key, made.secret


def program(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def person() -> User:
    return make_user(username="ada")


@pytest.fixture
def browser(person: User) -> APIClient:
    client = APIClient()
    client.force_login(person)
    return client


class TestMaking:
    def test_shows_the_secret_once_and_keeps_a_digest(
        self, browser: APIClient, person: User
    ) -> None:
        body = {"name": "nightly", "scopes": ["write", "read"]}

        answer = browser.post("/api/v1/auth/keys/", body, format="json")

        made = answer.json()
        assert answer.status_code == HTTPStatus.CREATED
        assert answer.headers["Cache-Control"] == "no-store"
        assert made["key"].startswith(made["prefix"])
        assert made["scopes"] == ["read", "write"]
        listed = browser.get("/api/v1/auth/keys/").json()["results"]
        assert [(one["name"], "key" in one) for one in listed] == [("nightly", False)]
        assert made["key"] not in str(ApiKey.objects.values().get())
        assert program(made["key"]).get("/api/v1/auth/me").json()["id"] == person.pk

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""},
            {"name": "x" * 101},
            {"scopes": []},
            {"scopes": ["root"]},
            {"scopes": "read"},
            {"expires_at": "2001-01-01T00:00:00Z"},
            {"expires_at": "soon"},
        ],
    )
    def test_refuses_what_makes_no_key(self, browser: APIClient, wrong: dict[str, Any]) -> None:
        body = {"name": "nightly", "scopes": ["read"], **wrong}

        answer = browser.post("/api/v1/auth/keys/", body, format="json")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert not ApiKey.objects.exists()

    def test_has_an_end(self, browser: APIClient, person: User) -> None:
        for _ in range(MOST_KEYS):
            make_key(person)

        body = {"name": "one more", "scopes": ["read"]}
        answer = browser.post("/api/v1/auth/keys/", body, format="json")

        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_keys")

    @pytest.mark.parametrize(("method", "path"), [("get", ""), ("post", ""), ("delete", "1/")])
    def test_is_not_for_keys(self, person: User, method: str, path: str) -> None:
        _, secret = make_key(person)
        body = {"name": "heir", "scopes": ["read"]} if method == "post" else None

        answer = getattr(program(secret), method)(f"/api/v1/auth/keys/{path}", body, format="json")

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")

    def test_lists_with_as_many_queries_however_many_there_are(
        self, browser: APIClient, person: User
    ) -> None:
        counts = []
        for _ in range(2):
            make_key(person)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                browser.get("/api/v1/auth/keys/")
            counts.append(len(queries))

        assert counts[0] == counts[1]


class TestUsing:
    def test_says_when_it_was_used(self, person: User) -> None:
        key, secret = make_key(person)

        program(secret).get("/api/v1/auth/me")

        key.refresh_from_db()
        assert key.last_used_at is not None

    def test_ends_when_revoked(self, browser: APIClient, person: User) -> None:
        key, secret = make_key(person)

        assert browser.delete(f"/api/v1/auth/keys/{key.pk}/").status_code == HTTPStatus.NO_CONTENT

        assert program(secret).get("/api/v1/auth/me").status_code == HTTPStatus.UNAUTHORIZED
        assert browser.delete(f"/api/v1/auth/keys/{key.pk}/").status_code == HTTPStatus.NOT_FOUND

    def test_ends_in_time(self, person: User) -> None:
        now = timezone.now()
        key, secret = make_key(person, expires_at=now + timedelta(hours=1))
        ApiKey.objects.filter(pk=key.pk).update(expires_at=now)

        assert program(secret).get("/api/v1/auth/me").status_code == HTTPStatus.UNAUTHORIZED

    def test_ends_with_the_account(self, person: User) -> None:
        _, secret = make_key(person)
        User.objects.filter(pk=person.pk).update(is_active=False)

        assert program(secret).get("/api/v1/auth/me").status_code == HTTPStatus.UNAUTHORIZED

    @pytest.mark.parametrize("secret", ["pk_", "pk_nonsense", f"pk_{'é' * 40}", "pk_" + "a" * 9000])
    def test_is_refused_when_unknown(self, secret: str) -> None:
        answer = program(secret).get("/api/v1/auth/me")

        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")

    def test_belongs_to_one_person(self, person: User) -> None:
        key, _ = make_key(person)
        other = APIClient()
        other.force_login(make_user())

        assert other.delete(f"/api/v1/auth/keys/{key.pk}/").status_code == HTTPStatus.NOT_FOUND
        assert other.get("/api/v1/auth/keys/").json()["results"] == []

    def test_revoked_twice_keeps_the_first_moment(self, person: User) -> None:
        key, _ = make_key(person)
        first = timezone.now()
        RevokeKey(key=key, now=first).execute()
        RevokeKey(key=key, now=first + timedelta(days=1)).execute()

        key.refresh_from_db()
        assert key.revoked_at == first


def views() -> dict[str, type[APIView]]:
    """Return the class behind every address of the API."""
    found = {}

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> None:
        for pattern in patterns:
            route = f"{before}{pattern.pattern}"
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif (view := getattr(pattern.callback, "cls", None)) is not None:
                found[route] = view

    walk(get_resolver().url_patterns, "")
    return {route: view for route, view in found.items() if route.startswith("api/v1/")}


# No key opens these, whatever its scopes; what is not here asks for a scope.
CLOSED = {
    "api/v1/schema/", "api/v1/docs/",
    "api/v1/auth/token", "api/v1/auth/token/refresh", "api/v1/auth/token/revoke",
    "api/v1/auth/password", "api/v1/auth/sessions/", "api/v1/auth/sessions/<int:session_id>/",
    "api/v1/auth/sessions/sign-out-everywhere",
    "api/v1/auth/socket-ticket/", "api/v1/auth/keys/", "api/v1/auth/keys/<int:key_id>/",
}  # fmt: skip


class TestScopes:
    def test_are_asked_for_by_every_route(self) -> None:
        for route, view in views().items():
            for method in view.http_method_names:
                if not hasattr(view, method) or method in {"options", "head"}:
                    continue
                scope = required_scope(view(), method.upper())
                assert (scope is None) == (route in CLOSED), (route, method, scope)
                if scope and method == "get":
                    assert scope == ("admin" if "invitations" in route else "read"), route
                elif scope:
                    assert scope in {"write", "control", "admin"}, (route, method)

    @pytest.mark.parametrize("route", sorted(set(views()) - CLOSED))
    def test_keep_out_a_key_that_lacks_them(self, person: User, route: str) -> None:
        view = views()[route]
        address = "/" + "".join(_filled(part) for part in route.split("<"))
        methods = {"get", "post", "put", "patch", "delete"}
        for method in methods & {name for name in view.http_method_names if hasattr(view, name)}:
            scope = required_scope(view(), method.upper())
            others = [one for one in ALL if one != scope]
            _, secret = make_key(person, *others)

            answer = getattr(program(secret), method)(address)

            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), method
            assert answer.json()["details"] == {"scope": scope}

    def test_let_in_a_key_that_has_them(self, person: User) -> None:
        _, secret = make_key(person, "read")

        assert program(secret).get("/api/v1/missions/").status_code == HTTPStatus.OK
        assert program(secret).get("/api/v1/agents/").status_code != HTTPStatus.FORBIDDEN

    def test_do_not_bind_a_session(self, browser: APIClient) -> None:
        assert browser.get("/api/v1/missions/").status_code == HTTPStatus.OK

    def test_keep_a_key_from_the_feed(self, person: User) -> None:
        _, secret = make_key(person, "write")

        answer = program(secret).get("/api/v1/changes?mission=1")

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def _filled(part: str) -> str:
    """Return part of an address with a value for its converter."""
    kind, is_value, rest = part.partition(">")
    if not is_value:
        return part
    values = {"int": "1", "uuid": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "file": "a.md"}
    return values.get(kind.partition(":")[0], "a.md") + rest
