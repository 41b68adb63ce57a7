"""Six agents and the offline model, on requests that it was not written for.

The dispatcher and whole cycles, with a clock that the test moves on; what is right is computed by
a reader's script of this module's own.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from agents.models import Agent, AgentRun
from agents.services import Dispatch, StartAgent, StartMission, StopAgent
from agents.workshop import Workshop
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.cycle_runs import Team

pytestmark = [
    pytest.mark.engine,
    pytest.mark.xdist_group("engine"),
    pytest.mark.timeout(240),
]

DATA = Path(__file__).parent / "data"
OBLIGES = re.compile(r"\b(must|shall|should|doit|doivent|devra|devront|faut)\b", re.IGNORECASE)
DOCUMENTS = ["specifications.md", "production.md", "management.md", "evaluation.md", "suivi.md"]


def obligations(request: str) -> list[str]:
    """Return the sentences that oblige, as a reader with a pencil would find them."""
    found = []
    for block in re.split(r"\n\s*\n|\n(?=- )", request):
        if block.lstrip().startswith("#"):
            continue
        text = " ".join(block.lstrip("- ").split())
        sentences = re.split(r"(?<=[.?!])\s+(?=[A-ZÀÉÊÎ])", text)
        found += [sentence for sentence in sentences if OBLIGES.search(sentence)]
    return found


def open_team(language: str, owner: User, engine: Engine, gateway: Gateway) -> Team:
    mission = CreateMission(
        owner=owner,
        title="Whole",
        request=(DATA / f"request_{language}.md").read_text(),
        language=language,
        model="offline/writer",
        now=timezone.now(),
    ).execute()
    return Team(mission, owner, Workshop(engine=engine, gateway=gateway, environment={}))


def let_work(team: Team, *, most: int = 60) -> None:
    """Let everyone who is started work until the mission rests, the clock running ahead."""
    states: set[str] = set()
    for _ in range(most):
        for run_id in Dispatch(now=team.clock()).execute():
            team.carry_out(run_id)
        agents = Agent.objects.filter(mission=team.mission).exclude(state="STOPPED")
        states = set(agents.values_list("state", flat=True))
        if states == {"SETTLED"}:
            return
        team.offset += timedelta(seconds=10)
    pytest.fail(f"the team did not come to rest: {states}")


@pytest.fixture(params=["en", "fr"])
def worked(
    request: pytest.FixtureRequest,
    private_data: Path,
    owner: User,
    engine: Engine,
    gateway: Gateway,
) -> Team:
    """A team that has come to rest."""
    team = open_team(request.param, owner, engine, gateway)
    StartMission(mission=team.mission, now=team.clock()).execute()
    let_work(team)
    return team


class TestWholeTeam:
    def test_writes_documents_that_hold_and_comes_to_rest(self, worked: Team):
        wanted = obligations(worked.text("demande.md"))
        specifications = worked.text("specifications.md")
        production = worked.text("production.md")
        numbers = [int(n) for n in re.findall(r"^- \*\*R(\d+)\*\*", specifications, re.MULTILINE)]
        sections = [int(n) for n in re.findall(r"^## R(\d+)\b", production, re.MULTILINE)]

        assert len(wanted) > 20
        assert len(numbers) == len(wanted)
        flat = " ".join(specifications.split())
        assert [sentence for sentence in wanted if sentence not in flat] == []
        assert sections == sorted(numbers)
        assert stated(worked) == (len(wanted), 0)
        runs = AgentRun.objects.filter(agent__mission=worked.mission)
        assert [flags for flags in runs.values_list("flags", flat=True) if flags] == []
        assert all(worked.number(path) > 1 for path in DOCUMENTS)
        outcomes = set(AgentRun.objects.values_list("outcome", flat=True))
        assert outcomes <= {"changed", "unchanged", "skipped"}, outcomes
        assert worked.events("mission.changed")[-1]["activity"] == "settled"

    def test_names_a_section_that_someone_deletes_and_brings_it_back(self, worked: Team):
        before = worked.text("production.md")
        gone = re.search(r"^## R7\b.*?(?=^## )", before, re.MULTILINE | re.DOTALL)
        assert gone
        StopAgent(agent=worked.agent("production"), now=worked.clock()).execute()
        worked.save("production.md", before.replace(gone[0], ""))
        let_work(worked)
        assert stated(worked)[1] == 1
        evaluation = worked.text("evaluation.md")
        assert state_of(7, evaluation) != state_of(6, evaluation) == state_of(8, evaluation)

        StartAgent(agent=worked.agent("production"), now=worked.clock()).execute()
        let_work(worked)

        assert stated(worked)[1] == 0
        assert gone[0].strip() in worked.text("production.md")

    def test_writes_the_same_bytes_for_the_same_request(
        self, worked: Team, owner: User, engine: Engine, gateway: Gateway
    ):
        other = open_team(worked.mission.language, owner, engine, gateway)
        StartMission(mission=other.mission, now=other.clock()).execute()
        let_work(other)

        for path in ("specifications.md", "production.md", "management.md", "evaluation.md"):
            assert other.on_disk()[path] == worked.on_disk()[path], path

    def test_each_document_says_everything_once(self, worked: Team):
        for path in ("specifications.md", "production.md"):
            lines = [line for line in worked.text(path).splitlines() if len(line.split()) > 5]
            assert len(lines) == len(set(lines)), path


def stated(team: Team) -> tuple[int, int]:
    """Return how many requirements evaluation says are covered, and how many are not."""
    text = team.text("evaluation.md")
    covered = re.search(r"(?:Covered|Couvertes)\s?: (\d+)", text)
    uncovered = re.search(r"(?:Uncovered|Non couvertes)\s?: (\d+)", text)
    assert covered, text
    assert uncovered, text
    return int(covered[1]), int(uncovered[1])


def state_of(number: int, evaluation: str) -> str:
    """Return what the table of the evaluation says of one requirement."""
    [row] = re.findall(rf"^\| R{number} \|.*$", evaluation, re.MULTILINE)
    return str(row).strip("| ").split("|")[-1].strip()
