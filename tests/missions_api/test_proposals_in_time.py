"""What happens to a proposal that nobody decides."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from missions import tasks
from missions.decisions import state_of
from missions.landing import Author, Change, land
from missions.models import Event, Mission, Proposal, ProposalFile
from missions.services import ExpireProposals
from parallagon.core.errors import Conflict
from tests.missions_api.conftest import TEXT, Propose
from tests.missions_api.proposing import WANTED, accept, read, reject, states


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
