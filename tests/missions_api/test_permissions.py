"""Who may do what: every route of missions and proposals × everyone who may ask."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.urls import URLPattern
from django.utils import timezone
from rest_framework.test import APIClient

from missions.api.urls import urlpatterns
from missions.models import Mission, Proposal
from missions.services import InviteMember
from parallagon.accounts.models import User
from tests.missions_api.conftest import browser

FIRST = {"path": "demande.md", "number": 1}
SAVE = {"text": "x", "base": 1}


class Row(NamedTuple):
    """A route, what is asked of it, and the status that each member gets."""

    route: str
    method: str
    body: Any
    viewer: int
    editor: int
    owner: int


MATRIX = [
    Row("mission", "get", None, 200, 200, 200),
    Row("mission", "patch", {"title": "T"}, 403, 200, 200),
    Row("mission", "delete", None, 403, 403, 204),
    Row("mission-history", "get", None, 200, 200, 200),
    Row("mission-sample-data", "post", None, 403, 200, 200),
    Row("members", "get", None, 200, 200, 200),
    Row("members", "post", {"account": "stranger", "role": "viewer"}, 403, 403, 201),
    Row("member", "patch", {"role": "editor"}, 403, 403, 409),
    Row("member", "delete", None, 403, 403, 409),
    Row("invitations", "get", None, 403, 403, 200),
    Row("invitations", "post", {"role": "viewer"}, 403, 403, 201),
    Row("invitation", "delete", None, 403, 403, 204),
    Row("mission-reset", "post", None, 403, 403, 200),
    Row("mission-archive", "post", None, 403, 403, 200),
    Row("mission-restore", "post", None, 403, 403, 409),
    Row("mission-restore-to", "post", {"revision": FIRST}, 403, 200, 200),
    Row("mission-export", "get", None, 200, 200, 200),
    Row("files", "get", None, 200, 200, 200),
    Row("files", "post", {"path": "a.md", "text": ""}, 403, 201, 201),
    Row("file", "get", None, 200, 200, 200),
    Row("file", "put", SAVE, 403, 200, 200),
    Row("file", "patch", {"path": "b.md"}, 403, 200, 200),
    Row("file", "delete", None, 403, 204, 204),
    Row("revisions", "get", None, 200, 200, 200),
    Row("revision", "get", None, 200, 200, 200),
    Row("file-diff", "get", None, 200, 200, 200),
    Row("file-provenance", "get", None, 200, 200, 200),
    Row("file-rendered", "get", None, 200, 200, 200),
    Row("file-restore", "post", {"revision": 1}, 403, 200, 200),
    Row("changes", "get", None, 200, 200, 200),
    Row("proposals", "get", None, 200, 200, 200),
    Row("proposal", "get", None, 200, 200, 200),
    Row("proposal-accept", "post", None, 403, 200, 200),
    Row("proposal-reject", "post", None, 403, 200, 200),
]
IDS = [f"{row.method} {row.route}" for row in MATRIX]


@pytest.fixture
def proposal(mission: Mission) -> Proposal:
    return Proposal.objects.create(
        mission=mission, role="x", run_id=uuid4(), reason="REVIEW", created_at=timezone.now()
    )


@pytest.fixture
def addresses(mission: Mission, proposal: Proposal, stranger: User) -> dict[str, str]:
    known = {
        "<int:mission_id>": str(mission.pk),
        "<path:path>": "demande.md",
        "<file:path>": "demande.md",
        "<int:number>": "1",
        "<int:proposal_id>": str(proposal.pk),
        "<int:user_id>": str(mission.owner_id),
        "<int:invitation_id>": str(_invitation(mission)),
    }
    queries = {
        "file-diff": "?from=0&to=1",
        "changes": f"?mission={mission.pk}&after=0",
        "proposals": f"?mission={mission.pk}",
    }
    addresses = {}
    for pattern in _patterns():
        route = str(pattern.pattern)
        for name, value in known.items():
            route = route.replace(name, value)
        addresses[str(pattern.name)] = f"/api/v1/{route}{queries.get(str(pattern.name), '')}"
    return addresses


def _invitation(mission: Mission) -> int:
    invite = InviteMember(
        mission=mission, invited_by=mission.owner, role="viewer", now=timezone.now()
    )
    return invite.execute().invitation.pk


def _patterns() -> Iterator[URLPattern]:
    yield from urlpatterns


def ask(client: APIClient, row: Row, addresses: dict[str, str]) -> Any:
    body_format = None if row.body is None else "json"
    return getattr(client, row.method)(addresses[row.route], row.body, format=body_format)


def test_no_route_is_forgotten() -> None:
    assert {str(pattern.name) for pattern in _patterns()} == {row.route for row in MATRIX} | {
        "missions",
        "mission-import",
        "invitation-accept",
    }


@pytest.mark.parametrize("row", MATRIX, ids=IDS)
class TestPermissions:
    @pytest.mark.parametrize("who", ["viewer", "editor", "owner"])
    def test_of_a_member(
        self, request: pytest.FixtureRequest, addresses: dict[str, str], who: str, row: Row
    ) -> None:
        client = browser(request.getfixturevalue(who))

        assert ask(client, row, addresses).status_code == getattr(row, who)

    def test_of_a_stranger(self, stranger: User, addresses: dict[str, str], row: Row) -> None:
        response = ask(browser(stranger), row, addresses)

        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    def test_of_someone_who_is_not_signed_in(self, addresses: dict[str, str], row: Row) -> None:
        assert ask(APIClient(), row, addresses).status_code == 401

    def test_of_another_site(self, owner: User, addresses: dict[str, str], row: Row) -> None:
        """A form of another site brings the session's cookie, but not the token."""
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(owner)

        expected = 200 if row.method == "get" else 403
        assert ask(client, row, addresses).status_code == expected


class TestMissionList:
    def test_of_someone_who_is_not_signed_in(self, db: None) -> None:
        assert APIClient().get("/api/v1/missions/").status_code == 401
        assert APIClient().post("/api/v1/missions/", {}, format="json").status_code == 401
