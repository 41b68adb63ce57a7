"""Signing in by an OpenID provider: a real one answers."""

from http import HTTPStatus
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test import Client
from django.utils import timezone

from parallagon.accounts import provider as edge
from parallagon.accounts.models import Identity, SignedIn, User
from parallagon.accounts.provider import Claims
from parallagon.accounts.provider_views import COOKIE
from parallagon.accounts.services import RecognizePerson
from parallagon.checks import openid_provider
from tests.accounts import openid
from tests.accounts.leaving import BACK, LEAVE, is_signed_in, sign_in
from tests.factories import make_user

pytestmark = pytest.mark.django_db


class TestSigningIn:
    def test_lets_in_whoever_has_the_verified_address_and_keeps_the_page(
        self, client: Client, provider: openid.Provider
    ) -> None:
        ada = make_user(email="Ada@Example.org")

        answer = sign_in(client, "?next=/editor/7%3Fa%3D1%26b%3D2")

        assert (answer.status_code, answer.headers["Location"]) == (302, "/editor/7?a=1&b=2")
        assert client.get("/api/v1/auth/me").json()["id"] == ada.pk
        identity = Identity.objects.get(user=ada)
        assert (identity.issuer, identity.subject) == (provider.issuer, openid.ADA["sub"])
        assert SignedIn.objects.filter(user=ada).count() == 1

    def test_knows_them_again_by_their_name_there_whatever_else_changes(
        self, client: Client, provider: openid.Provider
    ) -> None:
        ada = make_user(email="ada@example.org")
        sign_in(client)
        make_user(email="new@example.org")
        provider.says = {"sub": openid.ADA["sub"], "email": "new@example.org"}

        again = Client()
        sign_in(again)

        assert again.get("/api/v1/auth/me").json()["id"] == ada.pk

    def test_begins_a_session_under_a_new_key(
        self, client: Client, provider: openid.Provider
    ) -> None:
        make_user(email="ada@example.org")
        session = client.session
        session["planted"] = True
        session.save()

        sign_in(client)

        assert is_signed_in(client)
        assert client.session.session_key != session.session_key

    def test_reads_the_address_beside_the_token_where_it_is_not_in_it(
        self, client: Client, provider: openid.Provider
    ) -> None:
        ada = make_user(email="ada@example.org")
        provider.userinfo, provider.says = openid.ADA, {"sub": openid.ADA["sub"]}

        sign_in(client)

        assert client.get("/api/v1/auth/me").json()["id"] == ada.pk

    def test_takes_fixed_addresses_and_asks_for_no_description(
        self, client: Client, provider: openid.Provider, settings: Any
    ) -> None:
        make_user(email="ada@example.org")
        settings.OIDC_AUTHORIZATION_URL = f"{provider.issuer}/authorize"
        settings.OIDC_TOKEN_URL = f"{provider.issuer}/token"
        settings.OIDC_KEYS_URL = f"{provider.issuer}/keys"

        sign_in(client)

        assert is_signed_in(client)
        assert provider.asked == ["/authorize", "/token", "/keys"]

    def test_shows_the_secret_as_the_provider_wants_it(
        self, client: Client, provider: openid.Provider
    ) -> None:
        make_user(email="ada@example.org")
        provider.spoils.add("post")

        sign_in(client)

        assert is_signed_in(client)

    def test_goes_on_with_a_new_key_of_the_provider(
        self, client: Client, provider: openid.Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_user(email="ada@example.org")
        sign_in(client)
        provider.key, provider.key_id = openid.ANOTHER_KEY, "second"
        monkeypatch.setattr(edge._keys(f"{provider.issuer}/keys"), "cooldown_duration", 0)

        again = Client()
        sign_in(again)

        assert is_signed_in(again)

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "x" * 3000])
    def test_goes_to_no_page_of_others(
        self, client: Client, provider: openid.Provider, elsewhere: str
    ) -> None:
        make_user(email="ada@example.org")

        answer = sign_in(client, f"?next={elsewhere}")

        assert answer.headers["Location"] == "/editor"

    def test_keeps_any_page_in_a_cookie_that_browsers_keep(
        self, client: Client, provider: openid.Provider
    ) -> None:
        client.get(LEAVE, {"next": f"/editor?q={'é' * 380}"})

        assert 3000 < len(client.cookies[COOKIE].OutputString()) < 4096

    def test_ends_as_any_session_does(self, client: Client, provider: openid.Provider) -> None:
        make_user(email="ada@example.org")
        sign_in(client)
        asked = len(provider.asked)

        client.post("/logout/")

        assert not is_signed_in(client)
        assert len(provider.asked) == asked


class TestAccounts:
    def test_are_made_where_that_is_allowed(
        self, client: Client, provider: openid.Provider, settings: Any
    ) -> None:
        settings.OIDC_CREATE_ACCOUNTS = True
        make_user(username="ada")

        sign_in(client)

        ada = Identity.objects.get().user
        assert (ada.username, ada.email, ada.display_name()) == (
            "ada-2",
            "ada@example.org",
            "Ada Byron",
        )
        assert not ada.has_usable_password()
        assert not ada.is_staff
        assert not ada.is_superuser

    @pytest.mark.parametrize("username", ["", "../<ada>", "\x00", "💥"])
    def test_have_a_name_that_fits(
        self, client: Client, provider: openid.Provider, settings: Any, username: str
    ) -> None:
        settings.OIDC_CREATE_ACCOUNTS = True
        provider.says["preferred_username"] = username

        sign_in(client)

        Identity.objects.get().user.clean_fields(exclude={"password"})

    def test_name_the_administrator_who_may_take_an_identity_away(
        self, client: Client, provider: openid.Provider
    ) -> None:
        ada = make_user(email="ada@example.org")
        sign_in(Client())
        client.force_login(User.objects.create_superuser("root-of-all"))

        page = client.get(f"/admin/accounts/user/{ada.pk}/change/")

        assert str(openid.ADA["sub"]) in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_first_times_at_once_are_one_person() -> None:
    claims = Claims(issuer="i", subject="s", email="ada@example.org", email_is_verified=True)
    together, found = Barrier(2), []

    def recognize() -> None:
        together.wait()
        try:
            found.append(
                RecognizePerson(claims=claims, may_create=True, now=timezone.now()).execute().pk
            )
        finally:
            connection.close()

    threads = [Thread(target=recognize) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 2
    assert len(set(found)) == 1
    assert User.objects.count() == 1


class TestSettingUp:
    def test_is_off_and_shows_no_button(self, client: Client) -> None:
        page = client.get("/sign-in").content.decode()

        assert LEAVE not in page
        assert client.get(LEAVE).status_code == HTTPStatus.NOT_FOUND
        assert client.get(BACK).status_code == HTTPStatus.NOT_FOUND

    def test_shows_a_button_that_keeps_the_page(
        self, client: Client, provider: openid.Provider
    ) -> None:
        page = client.get("/sign-in?next=/editor/7%3Fa%3D1").content.decode()

        assert f'href="{LEAVE}?next=%2Feditor%2F7%3Fa%3D1"' in page
        assert "Sign in with the Academy" in page

    def test_is_off_and_says_what_is_missing_when_half_done(
        self, client: Client, settings: Any
    ) -> None:
        settings.OIDC_ISSUER = "https://id.example.org"
        settings.OIDC_TOKEN_URL = "https://id.example.org/token"

        said = {error.msg.split()[0] for error in run_checks() if error.id == "parallagon.E006"}

        assert said == {
            "OIDC_CLIENT_ID",
            "OIDC_CLIENT_SECRET",
            "OIDC_AUTHORIZATION_URL",
            "OIDC_KEYS_URL",
        }
        assert client.get(LEAVE).status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize(
        ("address", "is_refused"),
        [
            ("http://id.example.org", True),
            ("id.example.org", True),
            ("https://[", True),
            ("https://id.example.org", False),
            ("http://localhost:9000", False),
        ],
    )
    def test_wants_tls(self, settings: Any, address: str, is_refused: bool) -> None:
        settings.OIDC_ISSUER = address
        settings.OIDC_CLIENT_ID = settings.OIDC_CLIENT_SECRET = "x"

        said = [error.id for error in openid_provider()]

        assert said == ["parallagon.E007"] * is_refused

    def test_is_sent_back_to_the_address_that_others_use(
        self, client: Client, provider: openid.Provider, settings: Any
    ) -> None:
        settings.PARALLAGON_URL = "https://team.example.org"

        address = client.get(LEAVE).headers["Location"]

        assert "redirect_uri=https%3A%2F%2Fteam.example.org%2Fsign-in%2Fprovider%2Fback" in address
