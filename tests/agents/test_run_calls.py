"""The calls of one run over HTTP: what each was counted with, and whether it can be repeated."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agents.models import Agent, AgentRun
from agents.selectors import run_directory
from tests.agents.factories import make_call, make_run

SECRET = "sk-canary-4b8e11d09a77"


@pytest.fixture
def run(production: Agent) -> AgentRun:
    return make_run(production, model="openai/some-model", finished_at=timezone.now())


def calls_of(client: APIClient, run: AgentRun) -> Any:
    answer = client.get(f"/api/v1/runs/{run.pk}/calls")
    assert answer.status_code == 200, answer.content
    return answer.json()


def record_of(run: AgentRun) -> None:
    directory = run_directory(run.pk)
    directory.mkdir(parents=True)
    (directory / "replay.json").write_text("{}")


class TestCalls:
    def test_come_in_order_with_what_is_known(self, viewer: APIClient, run: AgentRun):
        make_call(run, number=2, cost=None, input_tokens=None, is_complete=False,
                  failure="cut_off", detail=f"cut off: {SECRET}")  # fmt: skip
        make_call(run, number=1, cost="0.0125", seconds=2.5)

        first, second = calls_of(viewer, run)["results"]

        assert (first["number"], first["cost"], first["seconds"]) == (1, "0.0125", 2.5)
        assert (first["model"], first["input_tokens"]) == ("openai/some-model", 10)
        assert (second["number"], second["cost"], second["input_tokens"]) == (2, None, None)
        assert (second["failure"], second["is_complete"]) == ("cut_off", False)
        assert "canary" not in second["detail"]

    def test_cost_the_same_for_few_and_many(
        self, http: APIClient, run: AgentRun, django_assert_num_queries: Any
    ):
        for number in range(1, 30):
            make_call(run, number=number, cost="0.01")

        with django_assert_num_queries(3):  # who asks, the run, its calls
            assert len(calls_of(http, run)["results"]) == 29

    def test_are_none_of_a_run_of_others(self, stranger: APIClient, run: AgentRun):
        assert stranger.get(f"/api/v1/runs/{run.pk}/calls").status_code == 404
        assert stranger.get(f"/api/v1/runs/{uuid4()}/calls").status_code == 404


class TestRecord:
    def test_is_told_as_long_as_it_is_kept(self, http: APIClient, run: AgentRun, settings: Any):
        settings.PARALLAGON_RUN_DAYS = 30
        assert calls_of(http, run)["is_recorded"] is False
        record_of(run)
        assert calls_of(http, run)["is_recorded"] is True
        AgentRun.objects.update(finished_at=timezone.now() - timedelta(days=31))
        make_call(run, cost="0.01")

        told = calls_of(http, run)

        assert told["is_recorded"] is False
        assert len(told["results"]) == 1, "what a run cost is known for ever"
