"""A proposal decided file by file, and texts that a person put together."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions.decisions import AlreadyDecided
from missions.models import Event, Mission, Proposal, Revision
from missions.services import AcceptProposal, RejectProposal
from parallagon.accounts.models import User
from tests.missions_api.conftest import TEXT, Propose
from tests.missions_api.proposing import WANTED, accept, read, reject, save, states


class TestByFile:
    """A proposal is decided file by file, and with its last file as a whole."""

    @pytest.fixture
    def both(self, propose: Propose) -> Proposal:
        return propose(production=WANTED, notes="New.\n")

    def test_takes_one_file_and_leaves_the_other_waiting(
        self, client: APIClient, mission: Mission, both: Proposal
    ) -> None:
        response = accept(client, both, files=["notes.md"])

        assert response.json()["state"] == "OPEN"
        assert {file["path"]: file["state"] for file in response.json()["files"]} == {
            "notes.md": "ACCEPTED",
            "production.md": "OPEN",
        }
        assert read(client, mission, "notes.md")["text"] == "New.\n"
        assert read(client, mission)["text"] == TEXT
        event = Event.objects.filter(mission=mission).latest("seq")
        assert event.data == {"proposal": both.pk, "state": "OPEN"}

    @pytest.mark.parametrize(
        ("first", "second", "state"),
        [
            (accept, accept, "ACCEPTED"),
            (accept, reject, "PARTLY"),
            (reject, accept, "PARTLY"),
            (reject, reject, "REJECTED"),
        ],
    )
    def test_is_decided_with_its_last_file(
        self,
        client: APIClient,
        owner: User,
        both: Proposal,
        first: Callable[..., Any],
        second: Callable[..., Any],
        state: str,
    ) -> None:
        first(client, both, files=["notes.md"])

        assert second(client, both, files=["production.md"]).json()["state"] == state
        assert states(both)[""] == state
        assert both.decided_by == owner

    def test_the_rest_needs_no_names(self, client: APIClient, both: Proposal) -> None:
        reject(client, both, files=["notes.md"])

        assert accept(client, both).json()["state"] == "PARTLY"
        assert states(both) == {"": "PARTLY", "notes.md": "REJECTED", "production.md": "ACCEPTED"}

    @pytest.mark.parametrize("decide", [accept, reject])
    def test_a_file_is_decided_once(
        self, client: APIClient, both: Proposal, decide: Callable[..., Any]
    ) -> None:
        accept(client, both, files=["notes.md"])

        again = decide(client, both, files=["notes.md", "production.md"])

        assert (again.status_code, again.json()["code"]) == (409, "already_decided")
        assert states(both)["production.md"] == "OPEN"

    @pytest.mark.parametrize("decide", [accept, reject])
    @pytest.mark.parametrize("files", [[], ["other.md"], "notes.md", ["../notes.md"], [{}]])
    def test_refuses_files_that_are_none_of_it(
        self, client: APIClient, both: Proposal, decide: Callable[..., Any], files: Any
    ) -> None:
        assert decide(client, both, files=files).status_code == 422
        assert states(both)[""] == "OPEN"

    def test_of_two_who_decide_at_once_one_is_told_so(
        self, owner: User, mission: Mission, both: Proposal
    ) -> None:
        """Both read the proposal while it waited."""
        mine, theirs = (
            Proposal.objects.prefetch_related("files").select_related("mission").get(pk=both.pk)
            for _ in range(2)
        )
        now = timezone.now()
        for one in (mine, theirs):
            list(one.files.all())
        RejectProposal(proposal=mine, user=owner, now=now).execute()

        with pytest.raises(AlreadyDecided):
            AcceptProposal(proposal=theirs, user=owner, now=now).execute()

        assert states(both) == {"": "REJECTED", "notes.md": "REJECTED", "production.md": "REJECTED"}
        assert not Revision.objects.filter(file__path="notes.md").exists()


class TestResolved:
    """What overlaps is put together by a person, and lands as theirs."""

    @pytest.fixture
    def overlapping(self, client: APIClient, mission: Mission, propose: Propose) -> Proposal:
        proposal = propose(production=WANTED, notes="New.\n")
        save(client, mission, TEXT.replace("First", "Person"))
        return proposal

    def test_lands_what_a_person_put_together(
        self, client: APIClient, mission: Mission, overlapping: Proposal
    ) -> None:
        theirs = accept(client, overlapping).json()["details"]["theirs"]
        text = TEXT.replace("First", "Agent and person")

        response = accept(
            client,
            overlapping,
            resolved={"production.md": {"text": text, "base": theirs["revision"]}},
        )

        assert response.json()["state"] == "ACCEPTED"
        file = read(client, mission)
        assert (file["text"], file["author"]["name"]) == (text, "Ada Lovelace")
        assert read(client, mission, "notes.md")["author"]["kind"] == "agent"

    def test_a_file_that_moved_since_is_shown_and_kept_where_it_is(
        self, client: APIClient, mission: Mission, overlapping: Proposal
    ) -> None:
        url = f"/api/v1/missions/{mission.pk}/files/production.md"
        client.patch(url, {"path": "d/final.md"}, format="json")

        files = client.get(f"/api/v1/proposals/{overlapping.pk}/").json()["files"]
        shown = {file["path"]: file["theirs"] for file in files}
        theirs = accept(client, overlapping).json()["details"]["theirs"]
        assert shown["production.md"] == theirs
        assert theirs["text"] == read(client, mission, "d/final.md")["text"]

        finished = {"text": "Both.\n", "base": theirs["revision"]}
        resolved = {"production.md": finished}
        assert accept(client, overlapping, resolved=resolved).status_code == 200
        assert read(client, mission, "d/final.md")["text"] == "Both.\n"
        assert "text" not in read(client, mission)

    def test_merges_with_what_was_written_meanwhile(
        self, client: APIClient, mission: Mission, overlapping: Proposal
    ) -> None:
        url = f"/api/v1/missions/{mission.pk}/files/production.md"
        theirs = accept(client, overlapping).json()["details"]["theirs"]
        client.put(
            url,
            {"text": theirs["text"].replace("Third", "Late"), "base": theirs["revision"]},
            format="json",
        )

        text = TEXT.replace("First", "Both")
        accept(
            client,
            overlapping,
            resolved={"production.md": {"text": text, "base": theirs["revision"]}},
        )

        assert read(client, mission)["text"] == text.replace("Third", "Late")

    def test_shows_a_further_overlap(
        self, client: APIClient, mission: Mission, overlapping: Proposal
    ) -> None:
        resolved = {"production.md": {"text": TEXT.replace("First", "Both"), "base": 1}}

        response = accept(client, overlapping, resolved=resolved)

        assert response.status_code == 409
        details = response.json()["details"]
        assert details["base"] == {"revision": 1, "text": TEXT}
        assert details["theirs"]["text"] == TEXT.replace("First", "Person")
        assert details["mine"]["text"] == TEXT.replace("First", "Both")
        assert states(overlapping)["notes.md"] == "OPEN"

    @pytest.mark.parametrize(
        ("resolved", "status"),
        [
            ({"other.md": {"text": "x\n", "base": 1}}, 422),
            ({"production.md": "x\n"}, 422),
            ({"production.md": {"text": "x\n"}}, 422),
            ({"production.md": {"text": 7, "base": 2}}, 422),
            ({"production.md": {"text": "x\n", "base": 99}}, 422),
            ({"production.md": {"text": "x" * 2_000_000, "base": 2}}, 413),
            ([], 422),
        ],
    )
    def test_refuses_what_cannot_be_used(
        self, client: APIClient, overlapping: Proposal, resolved: Any, status: int
    ) -> None:
        assert accept(client, overlapping, resolved=resolved).status_code == status
        assert states(overlapping)[""] == "OPEN"

    def test_only_of_the_chosen_files(self, client: APIClient, overlapping: Proposal) -> None:
        resolved = {"production.md": {"text": "x\n", "base": 2}}

        assert accept(client, overlapping, files=["notes.md"], resolved=resolved).status_code == 422
