"""Answers get smaller on the wire, and nothing else about them changes."""

import gzip
import json
from collections.abc import Callable

import brotli
import pytest
import zstandard
from rest_framework.test import APIClient

from missions.models import Mission

TEXT = "The same words again and again.\n" * 100
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


@pytest.fixture
def file(client: APIClient, url: str) -> str:
    file = f"{url}files/production.md"
    assert client.put(file, {"text": TEXT, "base": 1}, format="json").status_code == 200
    return file


class TestCompression:
    @pytest.mark.parametrize("encoding", UNPACK)
    def test_makes_a_text_small(self, client: APIClient, file: str, encoding: str) -> None:
        answer = client.get(file, headers={"Accept-Encoding": encoding})

        assert answer.headers["Content-Encoding"] == encoding
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert len(answer.content) < len(TEXT) / 5
        assert json.loads(UNPACK[encoding](answer.content))["text"] == TEXT

    def test_is_only_for_those_who_ask(self, client: APIClient, file: str) -> None:
        answer = client.get(file)

        assert "Content-Encoding" not in answer.headers
        assert answer.json()["text"] == TEXT

    def test_leaves_a_tag_that_serves_as_before(self, client: APIClient, file: str) -> None:
        tag = client.get(file, headers={"Accept-Encoding": "gzip"}).headers["ETag"]
        assert tag.startswith("W/")

        known = client.get(file, headers={"If-None-Match": tag})
        saved = client.put(
            file, {"text": "New.\n", "base": 2}, format="json", headers={"If-Match": tag}
        )
        late = client.put(
            file, {"text": "Late.\n", "base": 2}, format="json", headers={"If-Match": tag}
        )

        assert (known.status_code, saved.status_code, late.status_code) == (304, 200, 412)

    def test_leaves_archives_as_they_are(self, client: APIClient, url: str, file: str) -> None:
        answer = client.get(f"{url}export?as=zip", headers={"Accept-Encoding": "gzip"})

        assert "Content-Encoding" not in answer.headers
        assert answer.getvalue().startswith(b"PK")

    def test_gives_no_token_away_by_its_length(self, client: APIClient, mission: Mission) -> None:
        answer = client.get("/api/v1/auth/me", headers={"Accept-Encoding": "gzip"})

        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
