"""What browsers and other sites may do with our answers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_user
from tests.installation import ROOT

pytestmark = pytest.mark.django_db
TOOLS = "https://tools.example.org"
PAGES = (
    "/editor",
    "/signed-out",
    "/admin/login/",
    "/api/v1/docs/",
    "/api/v1/missions/",
    "/nowhere",
)


class TestHeaders:
    @pytest.mark.parametrize("page", PAGES)
    def test_are_on_every_answer(self, client: Client, page: str) -> None:
        headers = client.get(page).headers

        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]

    def test_give_each_page_another_nonce(self, client: Client) -> None:
        client.force_login(make_user())
        first, second = (client.get("/editor").headers["Content-Security-Policy"] for _ in "12")

        assert "nonce-" in first
        assert first != second


class TestOtherSites:
    """A site that is named may call the API with a token; a session never goes with it."""

    def ask(self, client: Client, path: str, origin: str = TOOLS) -> Any:
        return client.options(
            path,
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "authorization, if-match, idempotency-key",
            },
        ).headers

    @pytest.fixture(autouse=True)
    def tools(self, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = [TOOLS]

    def test_may_call_when_named(self, client: Client) -> None:
        headers = self.ask(client, "/api/v1/missions/")

        assert headers["Access-Control-Allow-Origin"] == TOOLS
        assert "PUT" in headers["Access-Control-Allow-Methods"]
        assert {"authorization", "if-match", "idempotency-key"} <= set(
            headers["Access-Control-Allow-Headers"].split(", ")
        )
        assert "Access-Control-Allow-Credentials" not in headers

    def test_read_the_headers_they_need(self, client: Client) -> None:
        headers = client.get("/api/v1/missions/", headers={"Origin": TOOLS}).headers

        assert {"ETag", "Retry-After", "X-Request-Id"} <= set(
            headers["Access-Control-Expose-Headers"].split(", ")
        )

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{TOOLS}.evil.example"])
    def test_may_not_when_nobody_named_them(self, client: Client, origin: str) -> None:
        assert "Access-Control-Allow-Origin" not in self.ask(client, "/api/v1/missions/", origin)

    @pytest.mark.parametrize("page", ["/editor", "/admin/", "/metrics"])
    def test_may_call_the_api_only(self, client: Client, page: str) -> None:
        assert "Access-Control-Allow-Origin" not in self.ask(client, page)


class TestDeployment:
    def test_gives_django_nothing_to_warn_of(self, tmp_path: Path) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "parallagon.settings.production",
            "PARALLAGON_DATA_DIR": str(tmp_path),
            "SECRET_KEY": "k7-" * 30 + "quite-long-and-various-0123456789",
            "ALLOWED_HOSTS": "parallagon.example.org",
        }
        checked = subprocess.run(
            [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )

        assert checked.returncode == 0, checked.stderr
