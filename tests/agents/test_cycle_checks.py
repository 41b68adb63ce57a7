"""What is judged before it lands: form, size, completeness."""

from typing import Any

import pytest

from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from missions.models import Proposal
from tests.agents.cycle_runs import Team, workshop_at
from tests.aider.aider_model import ScriptedModel, search_block, whole_block
from tests.gateway.gateway_provider import (
    DONE,
    END,
    Reset,
    ScriptedProvider,
    Step,
    chunk,
    delta,
    finish,
    head,
)

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

LONG = "# Production\n\n" + "".join(f"Sentence number {n} says something.\n\n" for n in range(100))


class TestForm:
    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("production/data.json", '{"open": \n'),
            ("production/data.yaml", "a: [1,\n"),
            ("production/data.toml", "a = \n"),
            ("production/data.xml", "<a><b></a>\n"),
        ],
    )
    def test_what_does_not_parse_is_rejected(
        self, team: Team, model: ScriptedModel, path: str, text: str
    ):
        model.enqueue(search_block(path, "", text))

        run = team.run("production")

        assert run.outcome == "rejected", run.reason
        [refused] = run.refused
        assert refused["path"] == path
        assert refused["reason"]
        assert path in team.log(run)
        assert path not in team.paths()
        assert path not in team.on_disk()

    def test_a_file_of_that_kind_that_parses_lands(self, team: Team, model: ScriptedModel):
        model.enqueue(search_block("production/data.json", "", '{"open": true}\n'))

        assert team.run("production").outcome == "changed"
        assert team.text("production/data.json") == '{"open": true}\n'

    def test_a_line_without_end_is_rejected(self, team: Team, model: ScriptedModel):
        model.enqueue(search_block("production/long.md", "", "word " * 5000 + "\n"))

        run = team.run("production")

        assert run.outcome == "rejected", run.reason
        assert "production/long.md" not in team.paths()


class TestShrinking:
    def test_a_file_that_loses_most_of_its_text_becomes_a_proposal(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_WHOLE_MODELS = ["*"]
        team.put("production.md", LONG)
        model.enqueue(whole_block("production.md", "# Production\n\nDone.\n"))

        run = team.run("production")

        assert run.outcome == "proposed", run.reason
        assert run.reason
        assert team.text("production.md") == LONG
        proposal = Proposal.objects.get()
        assert (proposal.reason, proposal.state) == (Proposal.Reason.SHRUNK, Proposal.State.OPEN)
        assert proposal.run_id == run.pk
        [told] = team.events("proposal.changed")
        assert told == {"proposal": proposal.pk, "state": "OPEN"}

    def test_a_report_of_what_is_open_may_shrink(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_WHOLE_MODELS = ["*"]
        team.put("evaluation.md", LONG)
        model.enqueue(whole_block("evaluation.md", "# Evaluation\n\nAll is covered.\n"))

        run = team.run("evaluation")

        assert run.outcome == "changed", run.reason
        assert not Proposal.objects.exists()

    def test_a_short_file_may_shrink(self, team: Team, model: ScriptedModel, settings: Any):
        settings.PARALLAGON_WHOLE_MODELS = ["*"]
        model.enqueue(whole_block("production.md", "# P\n"))

        assert team.run("production").outcome == "changed"


BEGUN = [head(), chunk(delta("production.md\n```\n# Production\n\nSentence number 0 says")),
         chunk(delta(" something.\n"))]  # fmt: skip
CUT: dict[str, list[Step]] = {
    "reset": [*BEGUN, Reset()],
    "ended without [DONE]": [*BEGUN, END],
    "length": [*BEGUN, chunk(finish("length")), chunk(DONE) + END],
    "filtered": [*BEGUN, chunk(finish("content_filter")), chunk(DONE) + END],
}


class TestReplyCutOff:
    @pytest.mark.parametrize("how", CUT)
    def test_in_the_middle_of_a_whole_file_leaves_it_as_it_was(
        self,
        team: Team,
        provider: ScriptedProvider,
        engine: Engine,
        gateway: Gateway,
        settings: Any,
        how: str,
    ):
        settings.PARALLAGON_WHOLE_MODELS = ["*"]
        team.put("production.md", LONG)
        provider.play(CUT[how])
        team.workshop = workshop_at(provider.base_url, engine, gateway)

        run = team.run("production")

        assert run.outcome == "failed", run.reason
        if how != "filtered":
            assert "reply cut off" in run.reason
        assert team.text("production.md") == LONG
        assert team.on_disk()["production.md"].decode() == LONG
        assert not Proposal.objects.exists()
        assert team.agent("production").state == "BACKING_OFF"
