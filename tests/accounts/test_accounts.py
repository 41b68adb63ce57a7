"""The first account, others, and their passwords."""

import io

import pytest
from django.core.management import call_command

from parallagon.accounts.models import User
from parallagon.accounts.services import (
    CreateAccount,
    EnsureFirstAccount,
    SetPassword,
    system_username,
)
from parallagon.core.errors import Conflict, ValidationError
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-7"


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
