"""The first account, others, and their passwords."""

import io
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework_simplejwt.tokens import RefreshToken

from parallagon.accounts.models import ApiKey, Identity, User
from parallagon.accounts.services import (
    CreateAccount,
    CreateKey,
    DeactivateAccount,
    EnsureFirstAccount,
    MakeTicket,
    SetPassword,
    UseTicket,
    sign_in_link,
    system_username,
)
from parallagon.core.errors import Conflict, ValidationError
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PASSWORD, NOW = "correct-horse-7", datetime(2026, 1, 2, tzinfo=UTC)


class TestEnsureFirstAccount:
    def test_makes_an_administrator_without_a_password(self) -> None:
        first = EnsureFirstAccount(username="ada").execute()

        assert (first.username, first.is_superuser, first.is_staff) == ("ada", True, True)
        assert not first.has_usable_password()

    def test_makes_no_second_one(self) -> None:
        first = EnsureFirstAccount(username="ada").execute()

        again = EnsureFirstAccount(username="grace").execute()

        assert again == first
        assert User.objects.count() == 1

    def test_takes_nobody_elses_name(self) -> None:
        make_user(username="ada")

        first = EnsureFirstAccount(username="ada").execute()

        assert first.username == "ada-2"


class TestSystemUsername:
    @pytest.mark.parametrize(
        ("login", "name"),
        [("ada", "ada"), ("root", "admin"), ("ada lovelace!", "adalovelace"), ("!!", "admin")],
    )
    def test_makes_a_name_of_the_login(
        self, monkeypatch: pytest.MonkeyPatch, login: str, name: str
    ) -> None:
        monkeypatch.setattr("getpass.getuser", lambda: login)

        assert system_username() == name

    def test_has_a_name_where_the_system_knows_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown() -> str:
            raise KeyError("getpwuid(): uid not found")

        monkeypatch.setattr("getpass.getuser", unknown)

        assert system_username() == "admin"


class TestCreateAccount:
    def test_makes_an_ordinary_account(self) -> None:
        user = CreateAccount(username="ada", password=PASSWORD).execute()

        assert user.check_password(PASSWORD)
        assert not user.is_staff

    def test_refuses_a_name_that_is_taken(self) -> None:
        make_user(username="ada")

        with pytest.raises(Conflict, match="already"):
            CreateAccount(username="ada").execute()

    @pytest.mark.parametrize("name", ["", "a b", "x" * 151])
    def test_refuses_what_is_no_name(self, name: str) -> None:
        with pytest.raises(ValidationError):
            CreateAccount(username=name).execute()


class TestSetPassword:
    def test_refuses_a_weak_one(self) -> None:
        user = make_user(password=PASSWORD)

        with pytest.raises(ValidationError, match="short"):
            SetPassword(user=user, password="abc").execute()

        user.refresh_from_db()
        assert user.check_password(PASSWORD)


class TestAccountCommand:
    def test_sets_a_password_from_a_pipe(self, monkeypatch: pytest.MonkeyPatch) -> None:
        administrator = User.objects.create_superuser("ada")
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

        call_command("account", "password")

        administrator.refresh_from_db()
        assert administrator.check_password(PASSWORD)

    def test_creates_an_account_and_prints_its_link(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("account", "create", "grace", "--admin")

        assert "/login/?sesame=" in capsys.readouterr().out
        assert User.objects.get(username="grace").is_superuser

    def test_refuses_in_a_sentence(self) -> None:
        make_user(username="grace")

        with pytest.raises(SystemExit, match="already"):
            call_command("account", "create", "grace")

    def test_lists_who_there_is_and_how_they_sign_in(
        self, capsys: pytest.CaptureFixture[str], django_assert_num_queries: Any
    ) -> None:
        User.objects.create_superuser("ada", "ada@example.org", PASSWORD)
        grace = make_user(username="grace", is_active=False, last_login=NOW)
        Identity.objects.create(user=grace, issuer="i", subject="s", created_at=NOW)
        for name in ("one", "two"):
            CreateKey(user=grace, name=name, scopes=("read",), now=NOW).execute()

        with django_assert_num_queries(1):  # the accounts, with their counts
            call_command("account", "list")

        assert capsys.readouterr().out.splitlines() == [
            "ada  ada@example.org  administrator, password, never signed in",
            "grace  (no e-mail)  closed, provider, keys: 2, last signed in 2026-01-02",
        ]

    def test_lists_keys_and_revokes_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        ada = make_user(username="ada")
        scopes, ends = ("read", "write"), NOW + timedelta(days=1)
        made = CreateKey(user=ada, name="mine", scopes=scopes, expires_at=ends, now=NOW).execute()
        key = made.key

        call_command("account", "keys", "ada")
        listed = capsys.readouterr().out
        call_command("account", "keys", "ada", "--revoke", str(key.pk))
        call_command("account", "keys", "ada")

        assert listed == f"{key.pk}  {key}  read, write; ended 2026-01-03; never used\n"
        assert made.secret not in listed
        assert capsys.readouterr().out == f"The key {key} is revoked.\n"

    def test_revokes_no_key_of_another(self) -> None:
        make_user(username="ada")
        key = CreateKey(user=make_user(), name="k", scopes=("read",), now=NOW).execute().key

        with pytest.raises(SystemExit, match="no such key"):
            call_command("account", "keys", "ada", "--revoke", str(key.pk))

        key.refresh_from_db()
        assert key.revoked_at is None

    def test_closes_an_account_with_all_that_is_signed_in(
        self, client: Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ada = make_user(username="ada", password=PASSWORD)
        client.force_login(ada)
        key = CreateKey(user=ada, name="k", scopes=("read",), now=NOW).execute()
        refresh = RefreshToken.for_user(ada)
        link = sign_in_link(ada)
        ticket = MakeTicket(user=ada, now=NOW).execute()

        call_command("account", "deactivate", "ada")

        programs = [
            client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {secret}"})
            for secret in (key.secret, refresh.access_token)
        ]
        renewal = client.post(
            "/api/v1/auth/token/refresh", {"refresh": str(refresh)}, content_type="application/json"
        )
        answers = [client.get("/api/v1/auth/me"), *programs, renewal]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 401]
        assert client.get(link[link.index("/login/") :]).status_code == HTTPStatus.FORBIDDEN
        assert UseTicket(secret=ticket, now=NOW).execute() is None
        assert not client.login(username="ada", password=PASSWORD)

    def test_brings_no_key_back_when_it_is_opened_again(self) -> None:
        ada = make_user(username="ada")
        key = CreateKey(user=ada, name="k", scopes=("read",), now=NOW).execute().key

        DeactivateAccount(user=ada, now=NOW).execute()
        User.objects.update(is_active=True)

        assert not ApiKey.objects.alive(NOW).filter(pk=key.pk).exists()

    def test_leaves_an_administrator(self) -> None:
        ada = User.objects.create_superuser("ada")

        with pytest.raises(SystemExit, match="only administrator"):
            call_command("account", "deactivate", "ada")
        User.objects.create_superuser("grace")
        call_command("account", "deactivate", "ada")

        ada.refresh_from_db()
        assert not ada.is_active
