"""What the role that keeps the plan is told of decisions and budgets."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from agents.models import Budget, ModelCall
from agents.selectors import team_of
from agents.situation import situation_of
from missions.landing import Author, Change, land
from missions.models import Mission, Proposal
from tests.agents.factories import make_agent, make_run
from tests.factories import make_mission

pytestmark = pytest.mark.django_db


@pytest.fixture
def mission() -> Mission:
    return make_mission(files={"production.md": "Text.\n"})


def situation(mission: Mission) -> tuple[str, ...]:
    run = make_run(make_agent(mission, "management"))
    return situation_of(run.mission_id, now=timezone.now())


class TestSituation:
    def test_names_the_proposals_that_wait(self, mission: Mission) -> None:
        now = timezone.now()
        change = Change(path="production.md", text="Other.\n", base=1)
        author = Author.agent("production", uuid4())
        land(mission, [change], author=author, now=now, propose=Proposal.Reason.REVIEW)

        facts = situation(mission)

        assert facts[0] == "proposals that wait for a person: 1"
        since = f"{now:%Y-%m-%d %H:%M} UTC"
        why = "for `production.md`: the agent works in review mode"
        assert facts[1] == f"proposal by production since {since} {why}"

    def test_says_how_much_of_each_cap_is_used(self, mission: Mission) -> None:
        Budget.objects.create(mission=mission, dollars=Decimal("2.00"), updated_at=timezone.now())
        run = make_run(make_agent(mission, "production"))
        ModelCall.objects.create(
            run=run, mission=mission, agent=run.agent, day=timezone.now().date(), number=1,
            started_at=timezone.now(), seconds=1, is_complete=True, cost=Decimal("1.90"),
        )  # fmt: skip

        facts = situation(mission)

        assert "budget, this mission: $1.90 of $2.00, nearly used up" in facts
        with translation.override("fr"):
            assert any("presque épuisé" in fact for fact in situation(mission))

    def test_says_that_nothing_waits(self, mission: Mission) -> None:
        assert situation(mission)[0] == "proposals that wait for a person: 0"


class TestTeam:
    def test_tells_what_each_writes_and_watches(self, mission: Mission) -> None:
        make_agent(mission, "production", state="STOPPED", reason="stopped")

        (member,) = team_of(make_agent(mission, "management"))

        assert (member.role, member.state, member.reason) == ("production", "STOPPED", "stopped")
        assert "production.md" in member.writes
        assert "specifications.md" in member.watches
