"""A provider that fails, and an engine that cannot: a reason in words, never a success."""

import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from agents.models import ModelCall
from agents.services import SetModel
from tests.agents.conftest import PATIENCE
from tests.agents.cycle_runs import KEY, Team, ended_at, workshop_at
from tests.aider.aider_model import ScriptedModel, search_block
from tests.gateway.gateway_provider import (
    DONE,
    END,
    Hang,
    Reset,
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

BREAKS_OFF = [head(), chunk(delta("# Wri"))]
LONG = chunk(delta("x" * 100_000))
CONTEXT = "This model's maximum context length is 8192 tokens."

FAULTS: dict[str, tuple[Script, str, str]] = {
    "400": ([error(400, "temperature is odd")], "refused", "refused the request"),
    "403": ([error(403, "not for you")], "unauthorized", "did not accept the key"),
    "408": ([error(408, "too slow")], "timeout", "did not answer in time"),
    "429": ([error(429, "slow down")], "rate_limited", "refused more calls for now"),
    "500": ([error(500, "oops")], "overloaded", "failure of its own"),
    "503": ([error(503, "later")], "overloaded", "failure of its own"),
    "hangs before its reply": ([Hang()], "timeout", "did not answer in time"),
    "hangs in its reply": ([*BREAKS_OFF, Hang()], "timeout", "fell silent"),
    "resets before its reply": ([Reset()], "unreachable", "could not be reached"),
    "resets in its reply": ([*BREAKS_OFF, Reset()], "cut_off", "cut off"),
    "ends too early": ([*BREAKS_OFF, END], "cut_off", "cut off"),
    "html": (
        [answer(200, b"<html><h1>Welcome</h1></html>", "text/html")],
        "malformed",
        "not a model's reply",
    ),
    "broken json": ([head(), chunk(b"data: {nonsense\n\n"), END], "malformed", "not a model's"),
    "empty": ([head(), chunk(finish()), chunk(DONE) + END], "empty", "the reply was empty"),
    "nothing": ([answer(200, b"")], "empty", "empty"),
    "filtered": (
        [*BREAKS_OFF, chunk(finish("content_filter")), chunk(DONE) + END],
        "filtered",
        "content filter",
    ),
    "longer than it may be": (
        [*BREAKS_OFF, chunk(finish("length")), chunk(DONE) + END],
        "reply_too_long",
        "choose a model that writes longer replies",
    ),
    "too long": ([error(400, CONTEXT, "context_length_exceeded")], "context_too_long", "too long"),
    "401": ([error(401, "Incorrect API key")], "unauthorized", "did not accept the key"),
    "404": ([error(404, "no such model")], "not_found", "does not know the model"),
}
FOREIGN = {
    "whole file": "production.md\n```\n# All anew\n```\n",
    "unified diff": "```diff\n--- production.md\n+++ production.md\n@@ -1 +1 @@\n-a\n+b\n```\n",
    "patch": "*** Begin Patch\n*** Update File: production.md\n@@\n-a\n+b\n*** End Patch\n",
    "block without its end": (
        "production.md\n```\n<<<<<<< SEARCH\n# Production\n=======\n# New\n```\n"
    ),
}
FOR_GOOD = {"unauthorized": "Check the provider's key", "not_found": "Choose another model"}
"""What no other try can mend, and what a person is told to do."""


@pytest.fixture(scope="session")
def impatient() -> Iterator[Gateway]:
    """A gateway for which a provider hangs soon."""
    bounds = replace(PATIENCE, first_byte_seconds=0.4, silence_seconds=0.4)
    gateway = Gateway(environment={"OPENAI_API_KEY": KEY}, bounds=bounds)
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture
def at_provider(team: Team, provider: ScriptedProvider, engine: Engine, impatient: Gateway) -> Team:
    """The team, its models at the provider of this test."""
    team.workshop = workshop_at(provider.base_url, engine, impatient)
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

        assert (run.outcome, run.failure) == ("failed", failure), run.reason
        assert words in run.reason
        assert at_provider.on_disk() == before
        calls = ModelCall.objects.filter(run=run)
        assert [(call.failure, call.is_complete) for call in calls] == [(failure, False)]
        assert len(provider.received) <= PATIENCE.tries, "retries are bounded"
        [told] = at_provider.events("run.finished")
        assert told["failure"] == failure
        agent = at_provider.agent("production")
        assert agent.failure_count == 1
        assert words in agent.reason
        if failure in FOR_GOOD:
            assert (agent.state, agent.next_run_at) == ("PAUSED_BREAKER", None)
            assert FOR_GOOD[failure] in agent.reason
        elif failure == "context_too_long":
            assert (agent.state, agent.next_run_at) == ("BACKING_OFF", None)
        else:
            assert agent.state == "BACKING_OFF"
            wait = at_provider.next_look("production") - ended_at(run)
            assert timedelta(seconds=15) <= wait <= timedelta(seconds=18)

    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_the_provider_says_when_it_may_be_asked_again(
        self, at_provider: Team, provider: ScriptedProvider, form: str
    ):
        at = format_datetime(datetime.now(UTC) + timedelta(seconds=601), usegmt=True)
        provider.play([error(429, "slow", Retry_After="600" if form == "seconds" else at)])

        run = at_provider.run("production")

        assert run.failure == "rate_limited"
        assert len(provider.received) == 1, "it was not asked again before"
        wait = at_provider.next_look("production") - ended_at(run)
        assert timedelta(seconds=590) <= wait <= timedelta(seconds=725)

    def test_a_reply_without_end_is_stopped(self, at_provider: Team, provider: ScriptedProvider):
        """Ten megabytes: more than a run may use."""
        provider.play([head(), *[LONG] * 100, chunk(finish()), chunk(DONE) + END])
        before = at_provider.on_disk()

        run = at_provider.run("production")

        assert (run.outcome, run.failure) == ("stopped_budget", "over_budget"), run.reason
        assert at_provider.on_disk() == before
        assert run.output_tokens is not None
        assert run.output_tokens < 200_000, "most of it was never fetched"

    def test_a_prompt_that_is_too_long_is_tried_again_when_a_file_changes(
        self, at_provider: Team, provider: ScriptedProvider
    ):
        provider.play([error(400, CONTEXT, "context_length_exceeded")])
        run = at_provider.run("production")
        assert run.failure == "context_too_long"

        at_provider.save("specifications.md", "# Specifications\n\nShorter.\n")

        assert at_provider.agent("production").state == "IDLE"
        assert at_provider.next_look("production") - at_provider.clock() < timedelta(seconds=5)

    def test_a_key_that_is_not_accepted_waits_for_another_model(
        self, at_provider: Team, provider: ScriptedProvider
    ):
        provider.play([error(401, "Incorrect API key")])
        at_provider.run("production")
        at_provider.save("specifications.md", "# Specifications\n\nOther words.\n")
        assert at_provider.agent("production").next_run_at is None, "no file mends a key"

        agent = at_provider.agent("production")
        SetModel(agent=agent, model="openai/other", now=at_provider.clock()).execute()

        assert at_provider.agent("production").state == "IDLE"
        assert at_provider.next_look("production") <= at_provider.clock()


class TestOddReplies:
    @pytest.mark.parametrize(
        "reply",
        [
            search_block("production.md", "Words that are nowhere\n", "# Written\n"),
            search_block("production.md", "# Production\n", "# Written\n")
            + search_block("production.md", "Words that are nowhere\n", "More\n"),
        ],
        ids=["nothing matches", "a half matches"],
    )
    def test_edits_that_do_not_match_are_a_failure_and_none_lands(
        self, team: Team, model: ScriptedModel, reply: str
    ):
        for _ in range(4):
            model.enqueue(reply)
        before = team.on_disk()

        run = team.run("production")

        assert (run.outcome, run.failure) == ("failed", "edits_unmatched"), run.reason
        assert "did not apply" in run.reason
        assert team.on_disk() == before
        assert len(model.calls) == 4, "Aider asks three times again, and no more"

    @pytest.mark.parametrize("reply", FOREIGN.values(), ids=FOREIGN)
    def test_another_edit_format_is_a_failure_and_none_lands(
        self, team: Team, model: ScriptedModel, reply: str
    ):
        for _ in range(4):
            model.enqueue(reply)
        before = team.on_disk()

        run = team.run("production")

        assert (run.outcome, run.failure) == ("failed", "malformed_reply"), run.reason
        assert run.reason == "the reply's edits are not in the format that was asked for"
        assert team.on_disk() == before
        assert len(model.calls) == 4, "the model is asked three times again, and no more"
        assert team.agent("production").state == "BACKING_OFF"

    def test_a_model_that_mends_its_format_is_taken_at_its_word(
        self, team: Team, model: ScriptedModel
    ):
        model.enqueue(FOREIGN["whole file"])
        model.enqueue(search_block("production.md", "# Production\n", "# Written\n"))

        run = team.run("production")

        assert (run.outcome, run.failure) == ("changed", ""), run.reason
        assert len(model.calls) == 2

    @pytest.mark.parametrize(
        "reply",
        [
            "Nothing is missing: production.md says it all.\n",
            "It should have these parts:\n\n```\n# Production\n```\n\nand it has them.\n",
            "| a | b |\n| --- | --- |\n",
        ],
        ids=["words", "a quotation", "a table"],
    )
    def test_a_reply_that_proposes_nothing_is_no_failure(
        self, team: Team, model: ScriptedModel, reply: str
    ):
        model.enqueue(reply)

        run = team.run("production")

        assert (run.outcome, run.failure) == ("unchanged", ""), run.reason
        assert len(model.calls) == 1


class TestNobodyAnswers:
    def test_nobody_listens(self, team: Team, engine: Engine, gateway: Gateway):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        team.workshop = workshop_at(f"http://127.0.0.1:{port}/v1", engine, gateway)

        run = team.run("production")

        assert (run.outcome, run.failure) == ("failed", "unreachable")
        assert "could not be reached" in run.reason

    def test_a_failure_in_a_row_waits_longer_and_a_success_forgets_it(
        self, at_provider: Team, provider: ScriptedProvider
    ):
        provider.play([error(400)])
        at_provider.start("suivi")
        waits = []
        for _ in range(3):
            run = at_provider.run("production")
            waits.append(at_provider.next_look("production") - ended_at(run))
        assert [round(wait / timedelta(seconds=16.5)) for wait in waits] == [1, 2, 4]

        provider.play([head(), chunk(delta("No.")), chunk(finish()), chunk(DONE) + END])
        run = at_provider.run("production")

        assert run.outcome == "unchanged", run.reason
        assert at_provider.agent("production").failure_count == 0


class TestWithoutAKey:
    def test_the_reason_says_which_variable_to_set(self, team: Team):
        workshop = replace(team.workshop, environment={})

        run = team.carry_out(team.queue("production"), workshop=workshop)

        assert (run.outcome, run.failure) == ("failed", "not_configured")
        assert "Set OPENAI_API_KEY" in run.reason
        agent = team.agent("production")
        assert (agent.state, agent.next_run_at) == ("PAUSED_BREAKER", None)
        assert run.call_count == 0

    def test_a_model_of_an_unknown_provider(self, team: Team):
        type(team.mission).objects.filter(pk=team.mission.pk).update(model="wishful/thinking")

        run = team.run("production")

        assert (run.outcome, run.failure) == ("failed", "not_configured")
        assert "wishful/thinking" in run.reason

    def test_a_key_that_the_gateway_lacks(self, team: Team, engine: Engine):
        gateway = Gateway(environment={})
        gateway.start()
        try:
            workshop = replace(team.workshop, gateway=gateway)
            run = team.carry_out(team.queue("production"), workshop=workshop)
        finally:
            gateway.close()

        assert (run.outcome, run.failure) == ("failed", "not_configured")
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

        assert (run.outcome, run.failure) == ("failed", "engine_unavailable")
        assert words in run.reason
        assert run.call_count == 0
        assert team.agent("production").state == "BACKING_OFF"
