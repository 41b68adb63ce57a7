"""The provider's key is nowhere but in the gateway and at the provider."""

from pathlib import Path

import pytest
from django.db import connection

from tests.agents.cycle_runs import KEY, Team, everything_below, private_folder
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]


def database_text() -> str:
    """Return the whole database as SQL."""
    connection.ensure_connection()
    return "\n".join(connection.connection.iterdump())


class TestTheKey:
    def test_reaches_the_provider_and_stands_nowhere_else(
        self, team: Team, model: ScriptedModel, private_data: Path
    ):
        edit = search_block("production.md", "# Production\n", "# Written\n")
        reply = model.enqueue(f"Your key is {KEY}, I read it in a header.\n", edit, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            staging = private_folder(background.run_id)
            during = [path for path, data in everything_below(staging) if KEY.encode() in data]
            assert (staging / "files" / "production.md").exists()
            reply.may_finish.set()

        run = background.join()
        assert run.outcome == "changed", run.reason
        assert model.tokens == [KEY]
        assert during == []
        left = [path for path, data in everything_below(private_data) if KEY.encode() in data]
        assert left == []
        assert KEY not in database_text()
        assert KEY not in model.prompts()
        assert KEY not in team.log(run, "log", "reply")

    def test_is_not_in_the_reason_that_a_provider_repeats(self, team: Team, model: ScriptedModel):
        model.enqueue(f"Incorrect API key provided: {KEY}", status=401)

        run = team.run("production")

        assert run.outcome == "failed"
        assert "did not accept the key" in run.reason
        assert KEY not in database_text()
        assert KEY not in team.log(run, "log", "reply")
