"""When each step of a run began: kept with its end, in order, and served."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from agents.models import Agent
from agents.steps import Steps, steps_of
from tests.agents.cycle_runs import Team
from tests.agents.factories import make_run
from tests.aider.aider_model import ScriptedModel, search_block

MOMENT = datetime(2026, 3, 14, 15, tzinfo=UTC)


class TestSteps:
    def test_are_told_while_one_is_under_way(self):
        moments = iter([MOMENT, MOMENT + timedelta(seconds=1)])
        steps = Steps(lambda: next(moments))

        with steps.step("lease"):
            pass
        with steps.step("land"):
            told = steps.to_json()

        assert [step["step"] for step in told] == ["lease", "land"]
        assert [step["began_at"] for step in told] == [
            "2026-03-14T15:00:00+00:00", "2026-03-14T15:00:01+00:00",
        ]  # fmt: skip
        assert len(steps.to_json()) == 2, "a step that is over is told once"

    def test_count_the_one_that_failed(self):
        steps = Steps(lambda: MOMENT)

        with pytest.raises(ValueError), steps.step("work"):  # noqa: PT011 - the test's own
            raise ValueError

        assert [step["step"] for step in steps.to_json()] == ["work"]

    def test_of_older_runs_have_no_beginning(self):
        assert steps_of({"work": 12.5}) == [
            {"step": "work", "began_at": None, "milliseconds": 12.5}
        ]


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
def test_a_run_that_landed_knows_all_its_steps(team: Team, model: ScriptedModel) -> None:
    team.put("production.md", "")
    model.enqueue(search_block("production.md", "", "# Production\n"))

    run = team.run("production")

    steps = steps_of(run.timings)
    assert [step["step"] for step in steps] == [
        "worth", "claim", "lease", "stage", "reserve", "work", "judge", "land",
    ]  # fmt: skip
    began = [datetime.fromisoformat(step["began_at"]) for step in steps]
    assert began == sorted(began)
    assert all(step["milliseconds"] >= 0 for step in steps)


@pytest.mark.parametrize(
    ("timings", "served"),
    [
        ({}, []),
        ({"work": 3.5}, [{"step": "work", "began_at": None, "milliseconds": 3.5}]),
        (
            [{"step": "work", "began_at": "2026-03-14T15:00:00+00:00", "milliseconds": 3.5}],
            [{"step": "work", "began_at": "2026-03-14T15:00:00+00:00", "milliseconds": 3.5}],
        ),
    ],
)
def test_they_are_served(http: APIClient, production: Agent, timings: Any, served: Any) -> None:
    run = make_run(production, timings=timings)

    assert http.get(f"/api/v1/runs/{run.pk}/").json()["steps"] == served
