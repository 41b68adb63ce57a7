"""Decisions over HTTP, as the tests of proposals ask for them."""

from typing import Any

from rest_framework.test import APIClient

from missions.models import Mission, Proposal
from tests.missions_api.conftest import TEXT

WANTED = TEXT.replace("First", "Agent")


def save(client: APIClient, mission: Mission, text: str) -> None:
    url = f"/api/v1/missions/{mission.pk}/files/production.md"
    assert client.put(url, {"text": text, "base": 1}, format="json").status_code == 200


def read(client: APIClient, mission: Mission, path: str = "production.md") -> Any:
    return client.get(f"/api/v1/missions/{mission.pk}/files/{path}").json()


def accept(client: APIClient, proposal: Proposal, **body: Any) -> Any:
    return client.post(f"/api/v1/proposals/{proposal.pk}/accept", body, format="json")


def reject(client: APIClient, proposal: Proposal, **body: Any) -> Any:
    return client.post(f"/api/v1/proposals/{proposal.pk}/reject", body, format="json")


def states(proposal: Proposal) -> dict[str, str]:
    """Return the state of each file, and under “” that of the proposal."""
    proposal.refresh_from_db()
    return {"": proposal.state} | dict(proposal.files.values_list("path", "state"))
