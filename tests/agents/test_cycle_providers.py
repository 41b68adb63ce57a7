"""A provider that fails, and an engine that cannot: a reason in words, never a success."""

import socket
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from agents.models import ModelCall
from tests.agents.cycle_runs import KEY, Team, ended_at, workshop_at
from tests.gateway.gateway_provider import (
    DONE,
    END,
    Script,
    ScriptedProvider,
    answer,
    chunk,
    delta,
    error,
    finish,
    head,
)

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

FAULTS: dict[str, tuple[Script, str, str]] = {
    "401": ([error(401, "Incorrect API key")], "unauthorized", "did not accept the key"),
    "404": ([error(404, "no such model")], "not_found", "does not know the model"),
    "429": ([error(429, "slow down")], "rate_limited", "refused more calls for now"),
    "500": ([error(500, "oops")], "overloaded", "failure of its own"),
    "nonsense": (
        [answer(200, b"<html><h1>Welcome</h1></html>", "text/html")],
        "malformed",
        "not a model's reply",
    ),
    "empty": (
        [head(), chunk(finish()), chunk(DONE) + END],
        "empty",
        "the reply was empty",
    ),
    "nothing": ([answer(200, b"")], "empty", "empty"),
}


@pytest.fixture
def at_provider(team: Team, provider: ScriptedProvider, engine: Engine, gateway: Gateway) -> Team:
    """The team, its models at the provider of this test."""
    team.workshop = workshop_at(provider.base_url, engine, gateway)
    return team


class TestProviderFaults:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_are_failures_with_a_reason(
        self, at_provider: Team, provider: ScriptedProvider, fault: str
    ):
        script, failure, words = FAULTS[fault]
        provider.play(script)
        before = at_provider.on_disk()

        run = at_provider.run("production")

        assert run.outcome == "failed", run.reason
        assert words in run.reason
        assert at_provider.on_disk() == before
        calls = ModelCall.objects.filter(run=run)
        assert [(call.failure, call.is_complete) for call in calls] == [(failure, False)]
        assert len(provider.received) <= 3, "retries are bounded"
        agent = at_provider.agent("production")
        assert (agent.state, agent.failure_count) == ("BACKING_OFF", 1)
        assert words in agent.reason
        assert at_provider.next_look("production") - ended_at(run) == timedelta(seconds=15)

    def test_nobody_listens(self, team: Team, engine: Engine, gateway: Gateway):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        team.workshop = workshop_at(f"http://127.0.0.1:{port}/v1", engine, gateway)

        run = team.run("production")

        assert run.outcome == "failed"
        assert "could not be reached" in run.reason

    def test_a_failure_in_a_row_waits_longer_and_a_success_forgets_it(
        self, at_provider: Team, provider: ScriptedProvider
    ):
        provider.play([error(401)])
        at_provider.start("suivi")
        waits = []
        for _ in range(3):
            run = at_provider.run("production")
            waits.append(at_provider.next_look("production") - ended_at(run))
        assert [wait.seconds for wait in waits] == [15, 30, 60]

        provider.play([head(), chunk(delta("No.")), chunk(finish()), chunk(DONE) + END])
        run = at_provider.run("production")

        assert run.outcome == "unchanged", run.reason
        assert at_provider.agent("production").failure_count == 0


class TestWithoutAKey:
    def test_the_reason_says_which_variable_to_set(self, team: Team):
        workshop = replace(team.workshop, environment={})

        run = team.carry_out(team.queue("production"), workshop=workshop)

        assert run.outcome == "failed"
        assert "Set OPENAI_API_KEY" in run.reason
        assert run.call_count == 0

    def test_a_model_of_an_unknown_provider(self, team: Team):
        type(team.mission).objects.filter(pk=team.mission.pk).update(model="wishful/thinking")

        run = team.run("production")

        assert run.outcome == "failed"
        assert "wishful/thinking" in run.reason

    def test_a_key_that_the_gateway_lacks(self, team: Team, engine: Engine):
        gateway = Gateway(environment={})
        gateway.start()
        try:
            workshop = replace(team.workshop, gateway=gateway)
            run = team.carry_out(team.queue("production"), workshop=workshop)
        finally:
            gateway.close()

        assert run.outcome == "failed"
        assert "OPENAI_API_KEY" in run.reason
        assert KEY not in run.reason


class TestWithoutAider:
    @pytest.mark.parametrize(
        ("python", "words"),
        [
            ("/nonexistent/python", "The Aider engine could not be started"),
            (sys._base_executable, "requirements/base.txt"),  # type: ignore[attr-defined]
        ],
        ids=["no interpreter", "not installed"],
    )
    def test_the_reason_says_what_is_wrong(
        self, team: Team, monkeypatch: pytest.MonkeyPatch, python: str, words: str
    ):
        monkeypatch.setattr("sys.executable", python)
        engine = Engine()
        try:
            workshop = replace(team.workshop, engine=engine)
            run = team.carry_out(team.queue("production"), workshop=workshop)
        finally:
            engine.close()

        assert run.outcome == "failed"
        assert words in run.reason
        assert run.call_count == 0
        assert team.agent("production").state == "BACKING_OFF"
