"""What waits for a decision: seen, accepted, rejected."""

from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions.models import Event, Mission, Proposal, Revision
from parallagon.accounts.models import User
from tests.factories import make_mission
from tests.missions_api.conftest import TEXT, Propose, browser
from tests.missions_api.proposing import WANTED, accept, read, save


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
