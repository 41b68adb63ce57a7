"""A provider that is ill is left alone by every agent, and asked again by one of them."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from agents import circuits
from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from agents.models import Agent
from agents.services import ResumeUnconfigured
from tests.agents.cycle_runs import Team, ended_at, workshop_at
from tests.agents.factories import browser
from tests.aider.aider_model import ScriptedModel, search_block
from tests.gateway.gateway_provider import (
    DONE,
    END,
    ScriptedProvider,
    chunk,
    delta,
    error,
    finish,
    head,
    whole_stream,
)

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "# Production\n", "# Written\n")
MODEL = "openai/scripted"


@pytest.fixture
def at_provider(
    team: Team, provider: ScriptedProvider, engine: Engine, gateway: Gateway, settings: Any
) -> Team:
    """The team at a provider that two failures in a row declare ill."""
    settings.PARALLAGON_BREAKER_FAILURES = 2
    team.workshop = workshop_at(provider.base_url, engine, gateway)
    return team


@pytest.fixture
def down(at_provider: Team, provider: ScriptedProvider) -> Team:
    """The team after the provider has failed twice."""
    provider.play([error(503, "later")])
    for role in ("production", "evaluation"):
        assert at_provider.run(role).failure == "overloaded"
    provider.received.clear()
    return at_provider


class TestAnOpenBreaker:
    def test_ends_a_run_before_the_engine_is_asked(
        self, down: Team, provider: ScriptedProvider, engine: Engine
    ):
        forks = engine.health().forks

        run = down.run("suivi")

        assert (run.outcome, run.failure) == ("stopped_breaker", "breaker_open")
        assert MODEL in run.reason
        assert engine.health().forks == forks
        assert provider.received == []
        agent = down.agent("suivi")
        assert (agent.state, agent.failure_count) == ("PAUSED_BREAKER", 0)
        assert agent.reason == run.reason
        wait = down.next_look("suivi") - ended_at(run)
        assert timedelta(seconds=20) <= wait <= timedelta(seconds=36)

    def test_is_told_once(self, down: Team):
        down.run("suivi")
        down.run("management")

        [told] = down.events("breaker.changed")
        assert (told["model"], told["state"], told["failure"]) == (MODEL, "open", "overloaded")
        assert told["retry_at"]

    def test_keeps_those_who_opened_it_waiting_too(self, down: Team):
        assert down.next_look("evaluation") >= down.clock() + timedelta(seconds=25)

    def test_leaves_other_models_alone(self, down: Team, provider: ScriptedProvider):
        provider.play(whole_stream("No."))
        Agent.objects.filter(pk=down.agent("suivi").pk).update(model="openai/other")

        assert down.run("suivi").outcome == "unchanged"


class TestRecovery:
    def test_one_asks_again_and_its_success_lets_the_others_return(
        self, down: Team, provider: ScriptedProvider
    ):
        down.run("suivi")
        later = down.clock() + timedelta(hours=1)
        Agent.objects.filter(pk=down.agent("suivi").pk).update(next_run_at=later)
        down.offset += timedelta(seconds=31)
        provider.play(whole_stream("No."))

        run = down.run("management")

        assert run.outcome == "unchanged", run.reason
        assert [told["state"] for told in down.events("breaker.changed")] == ["open", "closed"]
        waiting = down.agent("suivi")
        assert (waiting.state, waiting.reason) == ("IDLE", "the model answers again")
        assert down.next_look("suivi") <= down.clock() + timedelta(seconds=6)
        assert circuits.MODELS.circuits() == {}

    def test_those_whose_failures_opened_it_look_again_at_once(
        self, down: Team, provider: ScriptedProvider
    ):
        opener = down.agent("evaluation")
        assert opener.state == "BACKING_OFF"
        down.offset += timedelta(seconds=31)
        later = down.clock() + timedelta(hours=1)
        Agent.objects.filter(state="BACKING_OFF").update(next_run_at=later)
        provider.play(whole_stream("No."))

        down.run("management")

        for role in ("production", "evaluation"):
            waiting = down.agent(role)
            assert (waiting.state, waiting.reason) == ("IDLE", "the model answers again")
            assert down.next_look(role) <= down.clock() + timedelta(seconds=6)

    def test_who_backs_off_for_a_reason_of_its_own_goes_on_doing_so(
        self, at_provider: Team, provider: ScriptedProvider
    ):
        provider.play([error(400, "no")])
        at_provider.run("suivi")
        provider.play([error(503, "later")])
        for role in ("production", "evaluation"):
            at_provider.run(role)
        at_provider.offset += timedelta(seconds=31)
        later = at_provider.clock() + timedelta(hours=1)
        Agent.objects.filter(state="BACKING_OFF").update(next_run_at=later)
        provider.play(whole_stream("No."))

        at_provider.run("management")

        assert at_provider.agent("production").state == "IDLE"
        assert at_provider.agent("suivi").state == "BACKING_OFF"

    def test_a_probe_that_fails_waits_twice_as_long(self, down: Team):
        down.offset += timedelta(seconds=31)

        assert down.run("management").failure == "overloaded"

        circuit = circuits.MODELS.circuits()[MODEL]
        assert circuit.state == "open"
        assert circuit.retry_at - down.clock().timestamp() > 50
        assert len(down.events("breaker.changed")) == 1

    def test_while_one_asks_the_others_wait(self, team: Team, model: ScriptedModel, settings: Any):
        settings.PARALLAGON_BREAKER_FAILURES = 1
        model.enqueue("oops", status=500)
        for _ in range(2):  # the gateway tries again
            model.enqueue("oops", status=500)
        assert team.run("evaluation").failure == "overloaded"
        team.offset += timedelta(seconds=31)
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        model.is_answering.clear()

        with team.running("production") as probe:
            assert model.is_answering.wait(20)
            other = team.run("suivi")
            reply.may_finish.set()

        assert other.outcome == "stopped_breaker"
        assert probe.join().outcome == "changed"


class TestWhatSaysNothingOfTheProvider:
    @pytest.mark.parametrize("status", [400, 401, 404])
    def test_a_refused_request_opens_nothing(
        self, at_provider: Team, provider: ScriptedProvider, status: int
    ):
        provider.play([error(status, "no")])

        for role in ("production", "evaluation", "suivi"):
            at_provider.run(role)

        assert circuits.MODELS.circuits() == {}

    def test_nor_does_a_reply_that_is_longer_than_the_model_may_write(
        self, at_provider: Team, provider: ScriptedProvider
    ):
        provider.play([head(), chunk(delta("# Wri")), chunk(finish("length")), chunk(DONE) + END])

        for role in ("production", "evaluation", "suivi"):
            assert at_provider.run(role).failure == "reply_too_long"

        assert circuits.MODELS.circuits() == {}


class TestAnotherKey:
    def test_is_tried_when_the_worker_has_started_again(
        self, at_provider: Team, provider: ScriptedProvider
    ):
        provider.play([error(401, "Incorrect API key")])
        at_provider.run("production")
        assert at_provider.agent("production").next_run_at is None

        assert ResumeUnconfigured(now=at_provider.clock()).execute() == 1

        assert at_provider.agent("production").state == "IDLE"
        assert at_provider.next_look("production") <= at_provider.clock() + timedelta(seconds=6)


class TestAnotherCap:
    def test_is_tried_when_the_worker_has_started_again(self, at_provider: Team):
        agent = at_provider.agent("production")
        tomorrow = at_provider.clock() + timedelta(hours=9)
        Agent.objects.filter(pk=agent.pk).update(state="PAUSED_BUDGET", next_run_at=tomorrow)

        assert ResumeUnconfigured(now=at_provider.clock()).execute() == 1

        assert at_provider.agent("production").state == "IDLE"
        assert at_provider.next_look("production") <= at_provider.clock() + timedelta(seconds=6)


class TestOverHttp:
    def test_everyone_sees_which_models_are_left_alone(self, down: Team):
        body = browser(down.owner).get("/api/v1/breakers/").json()

        [breaker] = body["results"]
        assert (breaker["model"], breaker["state"]) == (MODEL, "open")
        assert breaker["failure"] == "overloaded"
        assert breaker["retry_at"] > breaker["opened_at"]

    def test_health_counts_them(self, down: Team):
        assert APIClient().get("/health/ready").json()["open_breakers"] == 1

    def test_a_stranger_to_the_installation_sees_nothing(self, db: None):
        assert APIClient().get("/api/v1/breakers/").status_code in {401, 403}
