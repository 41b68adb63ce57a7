"""Refusals are told in the language of whoever asks."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from rest_framework.test import APIClient


@pytest.fixture(autouse=True)
def nobody_else_reads_french() -> Iterator[None]:
    """Give the thread its language back: a request leaves its own behind."""
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"path": "CON.md", "text": ""}, "réservé"),
        ({"path": "a.exe", "text": ""}, "se terminer par"),
        ({"path": "../a.md", "text": ""}, "commencer par une lettre"),
        ({"path": "a.json", "text": "{"}, "JSON valide"),
        ({"path": "a.md", "text": "x" * 20_001}, "la ligne 1 a 20001 caractères"),
    ],
)
def test_what_cannot_be_kept(
    client: APIClient, url: str, body: dict[str, Any], sentence: str
) -> None:
    answer = client.post(f"{url}files/", body, format="json", HTTP_ACCEPT_LANGUAGE="fr")

    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


def test_what_overlaps(client: APIClient, url: str) -> None:
    for text in ("Mine.\n", "Another.\n"):
        body = {"text": text, "base": 1}
        answer = client.put(
            f"{url}files/demande.md", body, format="json", HTTP_ACCEPT_LANGUAGE="fr"
        )

    assert answer.status_code == 409
    assert "les mêmes lignes" in answer.json()["detail"]


def test_a_revision_that_never_was(client: APIClient, url: str) -> None:
    body = {"text": "Mine.\n", "base": 99}
    answer = client.put(f"{url}files/demande.md", body, format="json", HTTP_ACCEPT_LANGUAGE="fr")

    assert answer.json()["detail"] == "demande.md n’a pas de révision 99."


def test_an_address_that_nobody_knows(client: APIClient) -> None:
    assert (
        "cette adresse" in client.get("/api/v1/nowhere", HTTP_ACCEPT_LANGUAGE="fr").json()["detail"]
    )
