"""What a run leaves behind when it changed something, and when it did not."""

from datetime import timedelta

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from agents.api.runs import RunDiffView
from agents.models import Agent, AgentRun, ModelCall
from missions.models import Lease, Revision
from tests.agents.cycle_runs import Team, ended_at, private_folder
from tests.aider.aider_model import ScriptedModel, search_block

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

TEMPLATE = "Sections will follow the requirements of `specifications.md`.\n"
WRITTEN = "## R1 Counting\n\nThe tool counts words.\n"


def rewrite(model: ScriptedModel, search: str = TEMPLATE, replace: str = WRITTEN) -> None:
    model.enqueue(f"I write the section.\n\n{search_block('production.md', search, replace)}")


class TestChanged:
    def test_is_a_revision_by_the_role_and_its_run(self, team: Team, model: ScriptedModel):
        rewrite(model)

        run = team.run("production")

        assert (run.state, run.outcome) == ("FINISHED", "changed"), run.reason
        assert WRITTEN in team.text("production.md")
        assert team.on_disk()["production.md"].decode() == team.text("production.md")
        newest = team.revisions("production.md")[-1]
        assert (newest.author_kind, newest.role) == (Revision.AuthorKind.AGENT, "production")
        assert newest.run_id == run.pk
        assert run.changes == [
            {"path": "production.md", "from": 1, "to": 2, "added": 3, "removed": 1}
        ]
        assert run.reason == "production.md +3 −1"

    def test_is_told_in_order_start_file_end(self, team: Team, model: ScriptedModel):
        rewrite(model)

        run = team.run("production")

        about = {"run": str(run.pk), "agent": run.agent_id, "role": "production"}
        [started] = team.events("run.started")
        assert started == about | {"trigger": "schedule"}
        [finished] = team.events("run.finished")
        assert finished.items() >= (about | {"outcome": "changed", "reason": run.reason}).items()
        changed = team.events("file.changed")[-1]
        assert (changed["path"], changed["revision"]) == ("production.md", 2)
        assert changed["author"]["role"] == "production"
        mine = [event for event in team.events("agent.changed") if event["agent"] == run.agent_id]
        assert [event["state"] for event in mine][-4:] == ["QUEUED", "RUNNING", "IDLE", "SETTLED"]

    def test_its_calls_stand_in_the_ledger_once(self, team: Team, model: ScriptedModel):
        rewrite(model)

        run = team.run("production")

        call = ModelCall.objects.get(run=run)
        assert (call.number, call.status, call.failure) == (1, 200, "")
        assert call.is_complete
        assert run.call_count == len(model.calls) == 1
        assert run.output_tokens == call.output_tokens
        assert run.input_tokens == call.input_tokens
        assert (call.input_tokens or 0) > 100
        assert (call.output_tokens or 0) > 10

    def test_its_log_keeps_what_aider_and_the_model_said(self, team: Team, model: ScriptedModel):
        rewrite(model)

        run = team.run("production")

        assert "I write the section." in team.log(run, "reply")
        assert "production.md" in team.log(run)

    def test_its_diff_is_what_it_landed(self, team: Team, model: ScriptedModel):
        rewrite(model)
        run = team.run("production")
        request = APIRequestFactory().get("/")
        force_authenticate(request, team.owner)

        [file] = RunDiffView.as_view()(request, run_id=run.pk).data["files"]

        assert (file["path"], file["from"], file["to"]) == ("production.md", 1, 2)
        assert "+The tool counts words.\n" in file["unified"]
        assert f"-{TEMPLATE}" in file["unified"]

    def test_leaves_nothing_of_itself_behind(self, team: Team, model: ScriptedModel):
        rewrite(model)

        run = team.run("production")

        assert not private_folder(run.pk).exists()
        assert not Lease.objects.filter(released_at=None).exists()
        assert set(team.on_disk()) == team.paths()

    def test_a_new_file_below_production_is_created(self, team: Team, model: ScriptedModel):
        model.enqueue(search_block("production/parts/one.md", "", "# Part one\n"))

        run = team.run("production")

        assert run.outcome == "changed", run.reason
        assert team.text("production/parts/one.md") == "# Part one\n"
        assert run.changes == [
            {"path": "production/parts/one.md", "from": None, "to": 1, "added": 1, "removed": 0}
        ]

    def test_several_files_land_together(self, team: Team, model: ScriptedModel):
        reply = search_block("production/one.md", "", "# One\n")
        model.enqueue(reply + search_block("production.md", TEMPLATE, WRITTEN))

        run = team.run("production")

        assert {change["path"] for change in run.changes} == {"production/one.md", "production.md"}
        assert len(team.events("run.finished")) == 1


class TestUnchanged:
    def test_a_reply_without_an_edit_changes_nothing(self, team: Team, model: ScriptedModel):
        before = team.on_disk()

        run = team.run("production")

        assert run.outcome == "unchanged", run.reason
        assert run.reason
        assert run.call_count == 1
        assert team.on_disk() == before
        assert len(team.revisions("production.md")) == 1

    def test_the_agent_looks_again_later_than_before(self, team: Team, model: ScriptedModel):
        team.start("suivi")

        run = team.run("production")

        agent = team.agent("production")
        assert agent.state == Agent.State.IDLE
        assert agent.interval == 40
        assert team.next_look("production") - ended_at(run) == timedelta(seconds=40)

    def test_a_message_that_comes_twice_finds_nothing_to_do(self, team: Team, model: ScriptedModel):
        run = team.run("production")
        told = len(team.events("run.finished"))

        again = team.carry_out(run.pk)

        assert len(model.calls) == 1
        assert again.finished_at == run.finished_at
        assert len(team.events("run.finished")) == told
        assert AgentRun.objects.count() == 1


class TestStoppedAgents:
    def test_one_that_is_asked_does_one_run_and_stops_again(self, team: Team, model: ScriptedModel):
        rewrite(model)

        run = team.carry_out(team.ask("production"))

        assert run.outcome == "changed"
        agent = team.agent("production")
        assert agent.state == Agent.State.STOPPED
        assert agent.next_run_at is None
