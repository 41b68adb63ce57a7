"""Quotations of what nobody wrote, and claims that quote nothing.

They land, are shown with the run, and told to the agent.
"""

import pytest

from tests.agents.cycle_runs import Team
from tests.agents.factories import browser
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

JUDGED = "R1 says “must count words”, and “must sing”.\n"
BARE = "- R1: the section promises a delivery in two days, which the request forbids.\n"
STRAIGHT = '- R2 says "it sings all night" without proof.\n'


class TestFlags:
    def test_are_shown_with_the_run_and_told_to_the_next(self, team: Team, model: ScriptedModel):
        before = team.text("evaluation.md")
        last = before.strip().split("\n")[-1] + "\n"
        model.enqueue(f"I judge.\n\n{search_block('evaluation.md', last, JUDGED)}")

        run = team.run("evaluation")

        assert run.outcome == "changed", run.reason
        line = team.text("evaluation.md").split("\n").index(JUDGED.strip()) + 1
        reason = "it quotes what stands in none of the files that it read"
        flag = {"path": "evaluation.md", "line": line, "text": "must sing", "reason": reason}
        assert run.flags == [flag]
        answer = browser(team.owner).get(f"/api/v1/runs/{run.pk}/").json()
        assert answer["flags"] == [flag]
        team.save("demande.md", "# A tool\n\nThe tool must count words.\n")
        team.ask("evaluation")
        team.carry_out(team.agent("evaluation").runs.get(state="QUEUED").pk)
        told = str(model.calls[-1]["messages"][-1]["content"])
        assert f"quotation found in no file, `evaluation.md` line {line}: must sing" in told
        assert "must count words" not in told.split("## Facts")[1]

    def test_are_of_claims_that_quote_nothing_too(self, team: Team, model: ScriptedModel):
        before = team.text("evaluation.md")
        last = before.strip().split("\n")[-1] + "\n"
        judged = f"{last}\n{BARE}{STRAIGHT}"
        model.enqueue(f"I judge.\n\n{search_block('evaluation.md', last, judged)}")

        run = team.run("evaluation")

        assert run.outcome == "changed", run.reason
        assert BARE + STRAIGHT in team.text("evaluation.md")
        line = team.text("evaluation.md").split("\n").index(BARE.strip()) + 1
        assert [(flag["line"], flag["text"], flag["reason"]) for flag in run.flags] == [
            (
                line + 1,
                "it sings all night",
                "it quotes what stands in none of the files that it read",
            ),
            (line, BARE[2:].strip(), "it says this of a text and quotes nothing of it"),
        ]
        team.ask("evaluation")
        team.carry_out(team.agent("evaluation").runs.get(state="QUEUED").pk)
        told = str(model.calls[-1]["messages"][-1]["content"]).split("## Facts")[1]
        place = f"`evaluation.md` line {line}"
        assert f"- claim that quotes nothing, {place}: {BARE[2:].strip()}\n" in told
        assert told.count("claim that quotes nothing") == 1
