"""An OpenID provider's answers that are wrong, late or another's let nobody in."""

import re
import time
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from parallagon.accounts.models import Identity, User
from tests.accounts import openid
from tests.accounts.leaving import BACK, LEAVE, is_signed_in, refusal, sign_in, way_back
from tests.factories import make_user

pytestmark = pytest.mark.django_db


class TestRefusing:
    @pytest.fixture(autouse=True)
    def ada(self) -> User:
        return make_user(email="ada@example.org")

    @pytest.mark.parametrize(
        ("says", "sentence", "french"),
        [
            (
                {"nonce": "another"},
                "not belong to this attempt",
                "correspond pas à cette tentative",
            ),
            ({"aud": "another"}, "another application", "une autre application"),
            (
                {"aud": [openid.CLIENT], "azp": "another"},
                "another application",
                "autre application",
            ),
            ({"iss": "https://other.example"}, "another provider", "un autre fournisseur"),
            ({"exp": int(time.time()) - 90}, "too old", "trop ancien"),
            ({"sub": ""}, "not belong to this attempt", "correspond pas à cette tentative"),
            ({"email_verified": False}, "confirm your e-mail", "confirme pas votre adresse"),
            ({"email_verified": "false"}, "confirm your e-mail", "confirme pas votre adresse"),
            ({"email": "nobody@example.org"}, "no account for you", "pas encore de compte"),
            ({"email": ["ada@example.org"]}, "no e-mail address", "aucune adresse"),
        ],
    )
    def test_says_in_two_languages_what_does_not_hold(
        self,
        client: Client,
        provider: openid.Provider,
        says: dict[str, Any],
        sentence: str,
        french: str,
    ) -> None:
        provider.says.update(says)

        answer = sign_in(client)
        client.cookies["django_language"] = "fr"
        answer_in_french = sign_in(client)

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert sentence in refusal(answer)
        assert french in refusal(answer_in_french)
        assert not is_signed_in(client)
        assert not Identity.objects.exists()

    @pytest.mark.parametrize("spoiled", ["signature", "unsigned", "our secret"])
    def test_believes_only_what_the_provider_signed(
        self, client: Client, provider: openid.Provider, spoiled: str
    ) -> None:
        provider.spoils.add(spoiled)

        answer = sign_in(client)

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "cannot be trusted" in refusal(answer)
        assert not is_signed_in(client)

    def test_wants_the_state_of_this_very_attempt(
        self, client: Client, provider: openid.Provider
    ) -> None:
        address = way_back(client)

        wrong = client.get(re.sub("state=[^&]+", "state=another", address))
        after = client.get(address)

        assert wrong.status_code == after.status_code == HTTPStatus.FORBIDDEN
        assert "not begun in this browser" in refusal(wrong)
        assert "/token" not in provider.asked
        assert not is_signed_in(client)

    def test_lets_nobody_come_back_in_another_browser(
        self, client: Client, provider: openid.Provider
    ) -> None:
        """Nobody is signed in as somebody else by following a link."""
        address = way_back(client)

        victim = Client()
        answer = victim.get(address)

        assert "not begun in this browser" in refusal(answer)
        assert not is_signed_in(victim)

    def test_takes_each_way_back_once(self, client: Client, provider: openid.Provider) -> None:
        address = way_back(client)
        client.get(address)
        client.post("/logout/")

        answer = client.get(address)

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert not is_signed_in(client)

    def test_forgets_an_attempt_after_ten_minutes(
        self, client: Client, provider: openid.Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = way_back(client)
        now = time.time()
        monkeypatch.setattr("django.core.signing.time.time", lambda: now + 601)

        assert "too long ago" in refusal(client.get(address))

    def test_a_code_of_another_attempt_fails_the_proof(
        self, client: Client, provider: openid.Provider
    ) -> None:
        stolen = re.search("code=([^&]+)", way_back(Client()))
        assert stolen

        answer = client.get(re.sub("code=[^&]+", stolen[0], way_back(client)))

        assert "does not confirm this sign-in" in refusal(answer)
        assert not is_signed_in(client)

    def test_says_that_the_provider_refused_without_its_words(
        self, client: Client, provider: openid.Provider
    ) -> None:
        state = re.search("state=([^&]+)", way_back(client))
        assert state

        answer = client.get(f"{BACK}?error=access_denied&error_description=evil&{state[0]}")

        assert "did not let you in" in refusal(answer)
        assert "evil" not in answer.content.decode()

    def test_of_two_accounts_with_one_address_takes_none(
        self, client: Client, provider: openid.Provider
    ) -> None:
        make_user(email="ADA@example.org")

        assert "Several accounts" in refusal(sign_in(client))

    def test_gives_nobody_the_account_of_who_had_their_address_before(
        self, client: Client, provider: openid.Provider
    ) -> None:
        sign_in(client)
        provider.says["sub"] = "a new colleague"

        another = Client()

        assert "somebody else" in refusal(sign_in(another))
        assert not is_signed_in(another)

    @pytest.mark.parametrize("is_known", [True, False])
    def test_opens_no_closed_account(
        self, client: Client, provider: openid.Provider, ada: User, is_known: bool
    ) -> None:
        if is_known:
            sign_in(Client())
        User.objects.filter(pk=ada.pk).update(is_active=False)

        assert "closed" in refusal(sign_in(client))
        assert not is_signed_in(client)

    def test_says_that_the_provider_is_down_and_shows_the_other_ways(
        self, client: Client, provider: openid.Provider
    ) -> None:
        provider.spoils.add("down")

        answer = sign_in(client)

        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "cannot be reached" in refusal(answer)
        assert 'href="/sign-in"' in answer.content.decode()

    def test_says_so_too_before_leaving(
        self, client: Client, provider: openid.Provider, settings: Any
    ) -> None:
        with openid.running() as gone:
            settings.OIDC_ISSUER = gone.issuer

        answer = client.get(LEAVE)

        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE

    def test_follows_no_description_of_another_issuer(
        self, client: Client, provider: openid.Provider
    ) -> None:
        provider.spoils.add("issuer")

        assert client.get(LEAVE).status_code == HTTPStatus.SERVICE_UNAVAILABLE

    def test_does_not_ask_the_provider_for_whoever_tries_at_speed(
        self, client: Client, provider: openid.Provider
    ) -> None:
        answers = [client.get(f"{BACK}?code=1&state=1").status_code for _number in range(31)]

        assert answers[29:] == [HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS]

    def test_tells_nobody_its_secrets(
        self, client: Client, provider: openid.Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("INFO"):
            address = way_back(client)
            answer = client.get(address)

        code = re.search("code=([^&]+)", address)
        assert code
        for secret in (code[1], openid.SECRET):
            assert secret not in caplog.text
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
