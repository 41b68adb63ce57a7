"""Input that nobody means well with: no 500, nothing written, nothing outside of the mission."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

RAW = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"text": NaN, "base": 1}',
    b'{"text": 1e999, "base": 1}',
    b'{"text": "x", "base": 1e999}',
    b'{"text": "x", "base": 99999999999999999999999999}',
    b'{"text": "x", "base": ' + b"9" * 5000 + b"}",
    b'{"text": "x", "base": -1}',
    b'{"text": "x", "base": true}',
    b'{"text": "x", "base": "1; DROP TABLE"}',
    b'{"text": {"a": 1}, "base": 1}',
    b'{"text": ["x"], "base": 1}',
    b'{"text": null, "base": 1}',
    b'{"text": "\\u0000", "base": 1}',
    b'{"text": "\\ud800", "base": 1}',
    b'{"text": "x", "base": "\\udfff"}',
    b'{"text": "x", "base": 1, "allow_invalid": "\\udfff"}',
    b'{"text": "' + b"x" * 20_001 + b'", "base": 1}',
]


class TestHostileBodies:
    @pytest.mark.parametrize("body", RAW, ids=range(len(RAW)))
    def test_are_refused(self, client: APIClient, url: str, body: bytes) -> None:
        address = f"{url}files/production.md"
        response = client.put(address, body, content_type="application/json")

        assert response.status_code in {400, 422}
        assert response["Content-Type"] == "application/problem+json"
        assert client.get(address).json()["revision"] == 1

    @pytest.mark.parametrize("size", [1024 * 1024 + 1, 5 * 1024 * 1024])
    def test_too_large(self, client: APIClient, url: str, size: int) -> None:
        body = json.dumps({"text": "line\n" * (size // 5 + 1), "base": 1})

        response = client.put(f"{url}files/production.md", body, content_type="application/json")

        assert (response.status_code, response.json()["code"]) == (413, "too_large")

    def test_too_large_in_bytes_only(self, client: APIClient, url: str, settings: Any) -> None:
        settings.PARALLAGON_MAX_FILE_SIZE = 2000
        body = {"text": "é\n" * 700, "base": 1}

        response = client.put(f"{url}files/production.md", body, format="json")

        assert response.status_code == 413

    def test_another_media_type(self, client: APIClient, url: str) -> None:
        response = client.put(f"{url}files/production.md", "x", content_type="text/plain")

        assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")

    def test_another_method(self, client: APIClient, url: str) -> None:
        response = client.post(f"{url}files/production.md", {}, format="json")

        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


class TestHostileAddresses:
    @pytest.mark.parametrize("number", ["0", "9" * 19, "9" * 30, "9" * 5000])
    def test_missions_that_never_were(self, client: APIClient, number: str) -> None:
        assert client.get(f"/api/v1/missions/{number}/").status_code == 404
        assert client.get(f"/api/v1/missions/{number}/files/a.md").status_code == 404

    @pytest.mark.parametrize("number", ["0", "9" * 19, "9" * 30])
    def test_proposals_that_never_were(self, client: APIClient, number: str) -> None:
        assert client.post(f"/api/v1/proposals/{number}/accept").status_code == 404

    @pytest.mark.parametrize(
        "query",
        ["mission=9999999999999999999999", "mission=x", "mission=", "mission=%00", "state=%ff"],
    )
    def test_queries(self, client: APIClient, query: str) -> None:
        assert client.get(f"/api/v1/proposals/?{query}").status_code == 422

    @pytest.mark.parametrize("cursor", ["x", "%00", "cD0lMDA%3D", "cj0xJnA9eA%3D%3D"])
    def test_cursors(self, client: APIClient, url: str, cursor: str) -> None:
        for address in ("/api/v1/missions/", f"{url}files/demande.md/revisions/"):
            assert client.get(f"{address}?cursor={cursor}").status_code in {200, 404}

    @pytest.mark.parametrize("tag", ["x", '"', '"a', "W/", "\x7f", '"a", "b"'])
    def test_tags(self, client: APIClient, url: str, tag: str) -> None:
        address = f"{url}files/demande.md"
        body = {"text": "x", "base": 1}

        assert client.get(address, headers={"If-None-Match": tag}).status_code == 200
        assert (
            client.put(address, body, format="json", headers={"If-Match": tag}).status_code == 412
        )

    @pytest.mark.parametrize("address", ["", "nothing", "missions/1", "missions/x/", "changes/"])
    def test_that_nobody_knows(self, client: APIClient, address: str) -> None:
        response = client.get(f"/api/v1/{address}", headers={"Accept-Language": "fr"})

        assert response.status_code == 404 or response["Location"].endswith("/missions/1/")
        if response.status_code == 404:
            assert response["Content-Type"] == "application/problem+json"


class TestWords:
    def test_are_in_the_callers_language(self, client: APIClient, url: str) -> None:
        french = client.get(f"{url}files/nothing.md", headers={"Accept-Language": "fr"}).json()
        label = client.get(f"{url}files/", headers={"Accept-Language": "fr"}).json()["results"][0]

        assert french["detail"] == "Il n’y a pas de fichier nothing.md dans cette mission."
        assert label["label"] == "Demande"
