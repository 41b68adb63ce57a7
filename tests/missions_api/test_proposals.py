from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions import tasks
from missions.decisions import AlreadyDecided, state_of
from missions.landing import Author, Change, land
from missions.models import Event, Mission, Proposal, ProposalFile, Revision
from missions.services import AcceptProposal, ExpireProposals, RejectProposal
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict
from tests.factories import make_mission
from tests.missions_api.conftest import TEXT, browser

Propose = Callable[..., Proposal]
WANTED = TEXT.replace("First", "Agent")


@pytest.fixture
def propose(mission: Mission) -> Propose:
    """Make a proposal of what a run wants: path → text."""

    def make(**texts: str | None) -> Proposal:
        changes = [
            Change(path=f"{name}.md", text=text, base=1 if name == "production" else None)
            for name, text in texts.items()
        ]
        author = Author.agent("production", uuid4())
        reason = Proposal.Reason.REVIEW
        landing = land(mission, changes, author=author, now=timezone.now(), propose=reason)
        assert landing.proposal is not None
        return landing.proposal

    return make


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


class TestListProposals:
    def test_shows_what_the_run_wants(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        proposal = propose(production=WANTED)

        (row,) = client.get(f"/api/v1/proposals/?mission={mission.pk}").json()["results"]

        assert row["id"] == proposal.pk
        assert (row["role"], row["reason"], row["state"]) == ("production", "REVIEW", "OPEN")
        (file,) = row["files"]
        assert (file["path"], file["base"], file["base_text"]) == ("production.md", 1, TEXT)
        assert file["text"] == WANTED
        assert "\n-First.\n+Agent.\n" in file["unified"]

    def test_filters_by_state(self, client: APIClient, mission: Mission, propose: Propose) -> None:
        accept(client, propose(production=WANTED))
        waiting = propose(production=WANTED.replace("Agent", "Other"))

        url = f"/api/v1/proposals/?mission={mission.pk}&state=OPEN"
        assert [row["id"] for row in client.get(url).json()["results"]] == [waiting.pk]

    def test_needs_a_mission_that_one_may_see(
        self, client: APIClient, mission: Mission, stranger: User
    ) -> None:
        other = make_mission(owner=stranger)

        assert client.get("/api/v1/proposals/").status_code == 422
        assert client.get(f"/api/v1/proposals/?mission={other.pk}").status_code == 404

    def test_costs_the_same_however_many(
        self,
        client: APIClient,
        mission: Mission,
        propose: Propose,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(4):
            propose(production=f"{number}\n", notes=f"{number}\n")

        with django_assert_num_queries(4):  # user, membership, proposals, their files
            body = client.get(f"/api/v1/proposals/?mission={mission.pk}").json()
        assert len(body["results"]) == 4


class TestAcceptProposal:
    def test_lands_as_the_agents_work(
        self, client: APIClient, mission: Mission, propose: Propose, owner: User
    ) -> None:
        proposal = propose(production=WANTED, notes="New.\n")

        response = accept(client, proposal)

        assert (response.status_code, response.json()["state"]) == (200, "ACCEPTED")
        file = read(client, mission)
        assert file["text"] == WANTED
        assert file["author"]["kind"] == "agent"
        assert file["author"]["run"] == str(proposal.run_id)
        assert read(client, mission, "notes.md")["text"] == "New.\n"
        proposal.refresh_from_db()
        assert proposal.decided_by == owner

    def test_merges_with_what_was_written_since(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        proposal = propose(production=WANTED)
        save(client, mission, TEXT.replace("Third", "Person"))

        assert accept(client, proposal).status_code == 200

        assert read(client, mission)["text"] == WANTED.replace("Third", "Person")

    def test_lands_nothing_when_one_file_overlaps(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        proposal = propose(notes="New.\n", production=WANTED)
        theirs = TEXT.replace("First", "Person")
        save(client, mission, theirs)

        response = accept(client, proposal)

        assert (response.status_code, response.json()["code"]) == (409, "conflict")
        details = response.json()["details"]
        assert details["path"] == "production.md"
        assert details["base"] == {"revision": 1, "text": TEXT}
        assert (details["theirs"]["revision"], details["theirs"]["text"]) == (2, theirs)
        assert details["mine"] == {"text": WANTED}
        assert read(client, mission)["text"] == theirs
        assert read(client, mission, "notes.md")["code"] == "not_found"
        assert list(Proposal.objects.values_list("state", flat=True)) == ["OPEN"]

    def test_tells_everyone_who_looks_on(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        proposal = propose(production=WANTED)

        accept(client, proposal)

        last = list(Event.objects.filter(mission=mission).order_by("-seq")[:2])
        assert [event.type for event in last] == ["proposal.changed", "file.changed"]
        assert last[0].data == {"proposal": proposal.pk, "state": "ACCEPTED"}

    def test_removes_a_file(self, client: APIClient, mission: Mission, propose: Propose) -> None:
        accept(client, propose(production=None))

        assert read(client, mission)["code"] == "not_found"

    def test_only_once(self, client: APIClient, propose: Propose) -> None:
        proposal = propose(production=WANTED)
        accept(client, proposal)

        again = accept(client, proposal)

        assert (again.status_code, again.json()["code"]) == (409, "already_decided")
        assert Revision.objects.filter(file__path="production.md").count() == 2

    def test_a_viewer_may_not(self, viewer: User, propose: Propose) -> None:
        assert accept(browser(viewer), propose(production=WANTED)).status_code == 403

    def test_a_stranger_knows_of_none(self, stranger: User, propose: Propose) -> None:
        assert accept(browser(stranger), propose(production=WANTED)).status_code == 404


class TestRejectProposal:
    def test_changes_no_file(self, client: APIClient, mission: Mission, propose: Propose) -> None:
        proposal = propose(production=WANTED)

        response = client.post(f"/api/v1/proposals/{proposal.pk}/reject")

        assert (response.status_code, response.json()["state"]) == (200, "REJECTED")
        assert read(client, mission)["text"] == TEXT
        event = Event.objects.filter(mission=mission).latest("seq")
        assert event.data == {"proposal": proposal.pk, "state": "REJECTED"}

    def test_only_once(self, client: APIClient, propose: Propose) -> None:
        proposal = propose(production=WANTED)
        client.post(f"/api/v1/proposals/{proposal.pk}/reject")

        assert client.post(f"/api/v1/proposals/{proposal.pk}/reject").status_code == 409
        assert accept(client, proposal).status_code == 409


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


class TestReadProposal:
    def test_shows_what_is_there_now(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        proposal = propose(production=WANTED)
        save(client, mission, TEXT.replace("Third", "Person"))

        (file,) = client.get(f"/api/v1/proposals/{proposal.pk}/").json()["files"]

        assert (file["base_text"], file["text"]) == (TEXT, WANTED)
        assert file["theirs"]["text"] == TEXT.replace("Third", "Person")
        assert file["theirs"]["author"]["name"] == "Ada Lovelace"
        assert file["merges"] is True
        assert file["merged_text"] == WANTED.replace("Third", "Person")
        assert "\n-First.\n+Agent.\n" in file["difference"]["unified"]
        assert "Third" not in file["difference"]["unified"]
        assert file["difference"]["hunks"]

    def test_says_what_does_not_merge(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        proposal = propose(production=WANTED, notes="New.\n")
        save(client, mission, TEXT.replace("First", "Person"))

        files = client.get(f"/api/v1/proposals/{proposal.pk}/").json()["files"]

        assert [(file["path"], file["merges"]) for file in files] == [
            ("notes.md", True),
            ("production.md", False),
        ]
        assert files[1]["merged_text"] is None

    def test_is_sent_once_until_something_changes(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        url = f"/api/v1/proposals/{propose(production=WANTED, notes='New.').pk}/"
        etag = client.get(url)["ETag"]
        assert client.get(url, headers={"If-None-Match": etag}).status_code == 304

        save(client, mission, TEXT.replace("Third", "Person"))

        assert client.get(url, headers={"If-None-Match": etag}).status_code == 200

    def test_a_stranger_knows_of_none(self, stranger: User, propose: Propose) -> None:
        url = f"/api/v1/proposals/{propose(production=WANTED).pk}/"

        assert browser(stranger).get(url).status_code == 404

    def test_a_viewer_reads(self, viewer: User, propose: Propose) -> None:
        url = f"/api/v1/proposals/{propose(production=WANTED).pk}/"

        assert browser(viewer).get(url).status_code == 200


class TestSuperseded:
    def test_a_newer_run_of_the_agent_replaces_what_an_older_one_wants(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        older = propose(production=WANTED, notes="New.\n")

        newer = propose(production=WANTED.replace("Agent", "Later"))

        assert states(older) == {"": "OPEN", "notes.md": "OPEN", "production.md": "SUPERSEDED"}
        assert states(newer)[""] == "OPEN"
        assert accept(client, older).json()["state"] == "PARTLY"
        assert read(client, mission)["text"] == TEXT

    def test_one_that_is_replaced_whole_is_decided(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        older = propose(production=WANTED)

        newer = propose(production=WANTED.replace("Agent", "Later"))

        assert states(older)[""] == "SUPERSEDED"
        assert accept(client, older).json()["code"] == "already_decided"
        last = list(Event.objects.filter(mission=mission).order_by("seq"))[-2:]
        assert [event.data for event in last] == [
            {"proposal": older.pk, "state": "SUPERSEDED"},
            {"proposal": newer.pk, "state": "OPEN"},
        ]

    def test_another_agent_replaces_nothing(self, mission: Mission, propose: Propose) -> None:
        mine = propose(notes="New.\n")
        change = Change(path="notes.md", text="Other.\n")
        author = Author.agent("evaluation", uuid4())
        land(mission, [change], author=author, now=timezone.now(), propose=Proposal.Reason.REVIEW)

        assert states(mine)[""] == "OPEN"


class TestExpiry:
    LATE = timedelta(days=15)

    def test_what_nobody_decided_in_time_expires(
        self, client: APIClient, mission: Mission, propose: Propose
    ) -> None:
        proposal = propose(production=WANTED)

        assert ExpireProposals(now=timezone.now() + self.LATE).execute() == 1

        assert states(proposal) == {"": "EXPIRED", "production.md": "EXPIRED"}
        event = Event.objects.filter(mission=mission).latest("seq")
        assert (event.type, event.data["state"]) == ("proposal.changed", "EXPIRED")
        assert accept(client, proposal).json()["code"] == "already_decided"
        (row,) = client.get(f"/api/v1/proposals/?mission={mission.pk}").json()["results"]
        assert row["files"][0]["text"] == WANTED

    def test_one_of_which_a_part_was_taken_stays_that(
        self, client: APIClient, propose: Propose
    ) -> None:
        proposal = propose(production=WANTED, notes="New.\n")
        accept(client, proposal, files=["notes.md"])

        ExpireProposals(now=timezone.now() + self.LATE).execute()

        assert states(proposal) == {
            "": "PARTLY",
            "notes.md": "ACCEPTED",
            "production.md": "EXPIRED",
        }

    def test_younger_and_decided_ones_are_left(self, client: APIClient, propose: Propose) -> None:
        reject(client, propose(notes="New.\n"))
        young = propose(production=WANTED)

        assert ExpireProposals(now=timezone.now() + timedelta(days=13)).execute() == 0
        assert states(young)[""] == "OPEN"

    def test_zero_days_keep_them_for_ever(self, settings: Any, propose: Propose) -> None:
        settings.PARALLAGON_PROPOSAL_DAYS = 0
        propose(production=WANTED)

        assert ExpireProposals(now=timezone.now() + timedelta(days=9999)).execute() == 0

    def test_beat_asks_for_it(self, settings: Any, propose: Propose) -> None:
        propose(production=WANTED)
        settings.PARALLAGON_PROPOSAL_DAYS = 1
        Proposal.objects.update(created_at=timezone.now() - timedelta(days=2))
        (task,) = [
            entry["task"]
            for entry in settings.CELERY_BEAT_SCHEDULE.values()
            if "proposals" in entry["task"]
        ]

        assert task == tasks.expire_proposals.name
        assert tasks.expire_proposals() == 1


class TestTransitions:
    @pytest.mark.parametrize("before", Proposal.State)
    @pytest.mark.parametrize("after", Proposal.State)
    def test_only_a_waiting_one_is_decided(
        self, propose: Propose, before: Proposal.State, after: Proposal.State
    ) -> None:
        proposal = propose(production=WANTED)
        Proposal.objects.update(state=before)
        proposal.refresh_from_db()
        may = before == Proposal.State.OPEN and after != Proposal.State.OPEN

        if may:
            proposal.move_to(after, now=timezone.now())
        else:
            with pytest.raises(Conflict):
                proposal.move_to(after, now=timezone.now())

        assert states(proposal)[""] == (after if may else before)

    @given(st.lists(st.sampled_from(ProposalFile.State), min_size=1))
    def test_a_proposal_waits_while_one_file_does(self, files: list[str]) -> None:
        last = next((state for state in files if state != "OPEN"), "REJECTED")

        state = state_of(set(files), last)

        assert (state == "OPEN") == ("OPEN" in files)
        assert (state == "ACCEPTED") == (set(files) == {"ACCEPTED"})
        assert (state in {"ACCEPTED", "PARTLY"}) == ("ACCEPTED" in files and "OPEN" not in files)
