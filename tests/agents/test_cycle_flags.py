"""Quotations of what nobody wrote: they land, are shown with the run, and told to the agent."""

import pytest

from tests.agents.cycle_runs import Team
from tests.agents.factories import browser
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

JUDGED = "R1 says “must count words”, and “must sing”.\n"


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
