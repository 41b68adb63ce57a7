"""The pages: who gets them, and what they hold for the script."""

import json
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from parallagon.accounts.models import User
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def signed_in(client: Client, **fields: Any) -> Client:
    client.force_login(make_user(**fields))
    return client


def page_context(response: Any) -> dict[str, Any]:
    found = re.search(r'<script id="page-context"[^>]*>(.*?)</script>', response.content.decode())
    assert found
    context: dict[str, Any] = json.loads(found[1])
    return context


class TestEditor:
    @pytest.mark.parametrize("path", ["/editor", "/editor/3"])
    def test_sends_a_stranger_to_sign_in_and_back(self, client: Client, path: str) -> None:
        response = client.get(path)

        assert (response.status_code, response.headers["Location"]) == (
            302,
            f"/sign-in?next={path}",
        )

    def test_is_home(self, client: Client) -> None:
        response = client.get("/")

        assert (response.status_code, response.headers["Location"]) == (302, "/editor")

    @pytest.mark.parametrize(
        ("query", "location"),
        [("mission=7", "/editor/7"), ("mission=x", None), ("mission=²", None)],
    )
    def test_is_where_letters_lead(self, client: Client, query: str, location: str | None) -> None:
        response = signed_in(client).get(f"/editor?{query}")

        assert response.headers.get("Location") == location

    def test_tells_the_script_who_is_here(self, client: Client) -> None:
        user = make_user(username="ada", first_name="Ada", email="ada@example.org")
        client.force_login(user)

        response = client.get("/editor/3")

        context = page_context(response)
        assert context["user"]["id"] == user.pk
        assert (context["user"]["name"], context["user"]["email"]) == ("Ada", "ada@example.org")
        assert context["csrf_cookie"] in response.cookies

    def test_cannot_be_broken_out_of_by_a_name(self, client: Client) -> None:
        signed_in(client, username="x", first_name="</script><script>alert(1)</script>")

        response = client.get("/editor")

        assert b"<script>alert" not in response.content
        assert page_context(response)["user"]["name"].startswith("</script>")

    def test_holds_no_inline_script_or_style(self, client: Client) -> None:
        text = signed_in(client).get("/editor").content.decode()

        scripts = [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag]
        assert scripts == ['<script id="page-context" type="application/json">']
        assert "<style" not in text
        assert not re.search(r"\s(style|on\w+)=", text)


class TestLook:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_is_there_at_the_first_paint(self, client: Client, theme: str) -> None:
        client.cookies["parallagon_theme"] = theme

        assert f'data-theme="{theme}"' in signed_in(client).get("/editor").content.decode()

    def test_is_one_of_two(self, client: Client) -> None:
        client.cookies["parallagon_theme"] = '"><script>'

        assert b"data-theme" not in signed_in(client).get("/editor").content


class TestLanguage:
    def test_is_kept_for_the_next_page(self, client: Client) -> None:
        signed_in(client)
        client.post("/language", {"language": "fr"})

        response = client.get("/editor")

        assert '<html lang="fr"' in response.content.decode()
        assert page_context(response)["language"] == "fr"

    def test_is_kept_for_what_is_told_without_a_page(self, client: Client) -> None:
        signed_in(client)

        client.post("/language", {"language": "fr"})
        client.post("/language", {"language": "xx"})

        assert User.objects.get().language == "fr"


class TestSignedOut:
    def test_says_how_to_get_a_link(self, client: Client) -> None:
        response: HttpResponse = client.get("/signed-out")  # type: ignore[assignment]

        assert "make link" in response.content.decode()

    def test_sends_whoever_is_signed_in_to_work(self, client: Client) -> None:
        response = signed_in(client).get("/signed-out")

        assert response.headers["Location"] == "/editor"


class TestErrorPages:
    def test_say_that_nothing_is_here_in_the_readers_language(self, client: Client) -> None:
        english = client.get("/nowhere")
        french = client.get("/nowhere", headers={"Accept-Language": "fr"})

        assert (english.status_code, french.status_code) == (404, 404)
        assert "<h1>Nothing here</h1>" in english.content.decode()
        assert "<h1>Rien ici</h1>" in french.content.decode()
        assert 'href="/editor"' in english.content.decode()

    def test_have_a_style_that_the_policy_allows(self, client: Client) -> None:
        response = client.get("/nowhere")

        found = re.search(r'<style nonce="([^"]+)">', response.content.decode())
        assert found
        assert f"'nonce-{found[1]}'" in response.headers["Content-Security-Policy"]

    def test_say_that_a_form_was_out_of_date(self) -> None:
        response = Client(enforce_csrf_checks=True).post("/sign-in", {"username": "ada"})

        assert response.status_code == 403
        assert "<h1>Please try again</h1>" in response.content.decode()

    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_confess_a_defect(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, language: str
    ) -> None:
        monkeypatch.setattr("frontend.views._page_context", lambda _request: 1 / 0)
        client.raise_request_exception = False

        response = signed_in(client).get("/editor", headers={"Accept-Language": language})

        said = {"en": "That did not work", "fr": "Cela n’a pas marché"}[language]
        assert response.status_code == 500
        assert f"<h1>{said}</h1>" in response.content.decode()
        assert "ZeroDivisionError" not in response.content.decode()
