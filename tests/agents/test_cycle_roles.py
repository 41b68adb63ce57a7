"""What the roles are told by programs, in the message that a model really receives."""

import pytest

from agents.models import Agent
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

KEYS = "The crews keep their keys in the blue box beside the door of the old depot."


def facts(model: ScriptedModel) -> list[str]:
    """Return the facts of the last message that a model received."""
    message = str(model.calls[-1]["messages"][-1]["content"])
    part = message.rpartition("## Facts\n")[2].partition("\n## ")[0]
    return [line.removeprefix("- ") for line in part.split("\n") if line.startswith("- ")]


class TestWhatProgramsTell:
    def test_duplication_gets_what_stands_twice(self, team: Team, model: ScriptedModel):
        team.put("specifications.md", f"# Specifications\n\n- **R1** — {KEYS}\n")
        team.put("production.md", f"# Production\n\n## R1\n\n{KEYS}\n")

        team.run("duplication")

        told = facts(model)
        assert "repetitions found: 1" in told
        places = "`production.md` line 5 | R1 | `specifications.md` line 3 | Specifications"
        assert any(one.startswith("repetition | near | ") and places in one for one in told)

    def test_suivi_gets_lines_and_sections(self, team: Team, model: ScriptedModel):
        team.start("evaluation")
        team.run("suivi")
        team.save("demande.md", "# A tool\n\nThe tool must count words.\n\n## Later\n\nIt sings.\n")

        team.run("suivi")

        (told,) = [one for one in facts(model) if "demande.md" in one]
        change = "Ada Lovelace | demande.md | revision 2 | changed | +3 −1, under “A tool ; Later”"
        assert told.endswith(change), told

    def test_management_gets_who_is_held_up_and_the_budgets(self, team: Team, model: ScriptedModel):
        Agent.objects.filter(mission=team.mission, role="specifications").update(
            state="PAUSED_BUDGET", reason="the day is used up"
        )
        team.save("specifications.md", "# Specifications\n\n- Which colour?\n")

        team.run("management")

        told = facts(model)
        state = "PAUSED_BUDGET, last outcome none, because: the day is used up"
        assert f"agent specifications: {state}" in told
        assert (
            "held up by specifications (PAUSED_BUDGET): production, evaluation, duplication" in told
        )
        assert "question: `specifications.md` line 3: Which colour?" in told
        assert "proposals that wait for a person: 0" in told
        assert any(one.startswith("budget, this mission today: $0.00 of ") for one in told)
