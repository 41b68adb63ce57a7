"""A run that has no reason to begin costs nothing: no fork, no call."""

import pytest

from agents.models import AgentRun
from tests.agents.cycle_runs import Team, private_folder
from tests.aider.aider_model import ScriptedModel

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]


@pytest.fixture
def looked(team: Team) -> Team:
    """A team whose production agent has looked at everything there is; another one is not done."""
    team.start("suivi")
    team.run("production")
    return team


class TestSkipped:
    def test_costs_no_fork_and_no_call(self, looked: Team, model: ScriptedModel):
        forks, calls = looked.workshop.engine.health().forks, len(model.calls)

        run = looked.run("production")

        assert (run.outcome, run.call_count) == ("skipped", 0)
        assert looked.workshop.engine.health().forks == forks
        assert len(model.calls) == calls
        assert not private_folder(run.pk).exists()

    def test_is_no_news_for_those_who_read_the_feed(self, looked: Team):
        told = len(looked.events("run.finished")), len(looked.events("run.started"))

        looked.run("production")

        assert (len(looked.events("run.finished")), len(looked.events("run.started"))) == told

    def test_a_streak_is_one_row_with_a_count(self, looked: Team):
        for _ in range(3):
            newest = looked.run("production")

        skips = AgentRun.objects.filter(outcome="skipped")
        assert [(skip.pk, skip.count) for skip in skips] == [(newest.pk, 3)]

    def test_a_run_in_between_begins_a_new_streak(self, looked: Team):
        looked.run("production")
        looked.put("specifications.md", "## R1 Counting\n\n> The tool must count words.\n")
        looked.run("production")

        looked.run("production")

        outcomes = (
            AgentRun.objects.filter(agent__role="production")
            .order_by("queued_at")
            .values_list("outcome", "count")
        )
        assert list(outcomes) == [
            ("unchanged", 1), ("skipped", 1), ("unchanged", 1), ("skipped", 1)
        ]  # fmt: skip

    def test_looks_less_and_less_often_but_not_less_than_every_five_minutes(self, looked: Team):
        intervals = []
        for _ in range(5):
            looked.run("production")
            intervals.append(looked.agent("production").interval)

        assert intervals == [80, 160, 300, 300, 300]

    def test_does_not_hold_back_a_person_who_asks(self, looked: Team, model: ScriptedModel):
        calls = len(model.calls)

        run = looked.carry_out(looked.ask("production"))

        assert (run.outcome, run.trigger) == ("unchanged", "person")
        assert len(model.calls) == calls + 1


class TestWorthIt:
    """What makes the same agent look again."""

    def test_a_watched_file(self, looked: Team):
        looked.put("evaluation.md", "R1 is not covered.\n")

        assert looked.run("production").outcome == "unchanged"

    def test_an_open_task_but_not_a_ticked_one(self, looked: Team):
        looked.put("management.md", "- [ ] Write R1\n- [ ] Write R2\n")
        assert looked.run("production").outcome == "unchanged"

        looked.put("management.md", "- [ ] Write R1\n- [ ] Write R2\n- [x] Think\n")

        assert looked.run("production").outcome == "skipped"

    def test_its_own_file_when_a_person_changed_it(self, looked: Team):
        looked.save("production.md", "# Mine\n")

        assert looked.run("production").outcome == "unchanged"

    def test_a_new_file_of_its_own_by_a_person(self, looked: Team):
        looked.put("production/mine.md", "# Mine\n")

        assert looked.run("production").outcome == "unchanged"

    def test_a_file_it_only_reads_is_none(self, looked: Team):
        looked.save("demande.md", "# Another request\n\nIt must sing.\n")

        assert looked.run("production").outcome == "skipped"

    def test_another_model(self, looked: Team):
        agent = looked.agent("production")
        agent.model = "openai/another"
        agent.save(update_fields=["model"])

        run = looked.run("production")

        assert (run.outcome, run.model) == ("unchanged", "openai/another")

    def test_another_prompt(self, looked: Team, model: ScriptedModel):
        agent = looked.agent("production")
        agent.prompt = "Write in verse."
        agent.save(update_fields=["prompt"])

        assert looked.run("production").outcome == "unchanged"
        assert "Write in verse." in model.prompts()

    def test_a_failure_is_tried_again(self, looked: Team, model: ScriptedModel):
        looked.put("evaluation.md", "R1 is not covered.\n")
        model.enqueue("no such key", status=401)
        assert looked.run("production").outcome == "failed"

        assert looked.run("production").outcome == "unchanged"
