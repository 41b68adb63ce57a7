"""Going to the provider and coming back."""

import re
from http import HTTPStatus
from typing import Any

import httpx
from django.test import Client

LEAVE, BACK = "/sign-in/provider", "/sign-in/provider/back"


def way_back(client: Client, query: str = "") -> str:
    """Leave for the provider, be let in there, and return where it sends the browser."""
    leaving = client.get(f"{LEAVE}{query}")
    assert leaving.status_code == HTTPStatus.FOUND, leaving.content.decode()
    let_in = httpx.get(leaving.headers["Location"])
    assert let_in.status_code == HTTPStatus.FOUND, let_in.text
    return re.sub(r"^https?://[^/]+", "", let_in.headers["Location"])


def sign_in(client: Client, query: str = "") -> Any:
    return client.get(way_back(client, query))


def is_signed_in(client: Client) -> bool:
    return client.get("/api/v1/auth/me").status_code == HTTPStatus.OK


def refusal(answer: Any) -> str:
    found = re.search(r'role="alert">([^<]+)<', answer.content.decode())
    assert found, answer.content.decode()
    return found[1].replace("&#x27;", "'")
