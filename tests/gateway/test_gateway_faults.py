"""Everything that can go wrong at a provider: the run is void, in words, and the child gives up."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from agents.gateway.client import Gateway
from agents.gateway.protocol import Failure, Upstream
from tests.gateway.gateway_provider import (
    DONE,
    END,
    Hang,
    PassedOn,
    Reset,
    Script,
    ScriptedProvider,
    answer,
    chunk,
    completion,
    delta,
    error,
    event,
    finish,
    head,
    usage,
    whole_stream,
)
from tests.gateway.gateway_run import CANARY, QUICK, StartRun

IMPATIENT = replace(QUICK, first_byte_seconds=0.8, silence_seconds=0.8)
BEGUN = [head(), chunk(delta("Once upon a time"))]
HTML = answer(200, b"<html><body>Sign in to the network</body></html>", "text/html")


@dataclass(frozen=True)
class Fault:
    """What a provider does, how often it is called then, and what comes of it."""

    script: Script
    failure: Failure
    words: str
    tries: int = 1
    is_stream: bool = True
    is_broken_off: bool = False


def broken_off(*steps: bytes | Reset | Hang, failure: Failure = "cut_off", words: str) -> Fault:
    """Return a fault after the child got the beginning of a reply."""
    return Fault([*BEGUN, PassedOn(), *steps], failure, words, is_broken_off=True)


# No word in it that would make LiteLLM try again, as "rate limit" does.
GIVE_UP = {
    "message": "This run may not call models any more.",
    "type": "invalid_request_error",
    "param": None,
    "code": "run_is_over",
}
CUT = "reply cut off: the provider closed the connection before the end"
FAULTS = {
    "401": Fault([error(401, "bad key")], "unauthorized", "did not accept the key: 401 bad key"),
    "403": Fault([error(403)], "unauthorized", "403"),
    "404": Fault([error(404, "no such model")], "not_found", "404 no such model"),
    "400": Fault([error(400, "no such option")], "refused", "no such option"),
    "400 too long": Fault(
        [error(400, "too long", code="context_length_exceeded")], "context_too_long", "too long"
    ),
    "402": Fault([error(402, "pay first")], "refused", "402 pay first"),
    "redirect": Fault([answer(307, b"", Location="http://127.0.0.1:9/")], "not_found", "redirects"),
    "429": Fault([error(429, "slow down")], "rate_limited", "429 slow down (3 tries)", tries=3),
    "429 soon": Fault([error(429, Retry_After="0")], "rate_limited", "3 tries", tries=3),
    "429 much later": Fault([error(429, Retry_After="3600")], "rate_limited", "429"),
    "429 quota": Fault([error(429, code="insufficient_quota")], "rate_limited", "429"),
    "500": Fault([error(500)], "overloaded", "500 no (3 tries)", tries=3),
    "503": Fault([answer(503, b"<html>busy</html>")], "overloaded", "503 (3 tries)", tries=3),
    "closed without an answer": Fault([Reset()], "unreachable", "3 tries", tries=3),
    "not HTTP": Fault([b"220 smtp ready\r\n", Reset()], "malformed", "not HTTP"),
    "hang before": Fault([Hang()], "timeout", "did not answer in time"),
    "hang after the head": Fault([head(), Hang()], "timeout", "fell silent"),
    "hang inside": broken_off(Hang(), failure="timeout", words="fell silent"),
    "reset inside": broken_off(Reset(), words=CUT),
    "connection closed inside a chunk": broken_off(b"40\r\ndata: {", Reset(), words=CUT),
    "clean end without end mark": broken_off(END, words=CUT),
    "clean end after the finish reason": broken_off(chunk(finish()), END, words=CUT),
    "clean end inside an event": broken_off(chunk(delta("x")[:20]), END, words=CUT),
    "end mark without finish reason": broken_off(chunk(DONE), END, words=CUT),
    "length": broken_off(
        chunk(finish("length") + DONE), END, failure="reply_too_long", words="length limit"
    ),
    "content filter": broken_off(
        chunk(finish("content_filter") + DONE), END, failure="filtered", words="content filter"
    ),
    "unknown finish reason": broken_off(
        chunk(finish("tired") + DONE), END, words="unknown reason (tired)"
    ),
    "error inside": broken_off(
        chunk(event({"error": {"code": 502, "message": "worker lost"}})),
        END,
        failure="overloaded",
        words="worker lost",
    ),
    "nonsense inside": broken_off(chunk(b"data: {oops\n\n"), failure="malformed", words="not a"),
    "HTML": Fault([HTML], "malformed", "not a model's reply"),
    "empty body": Fault([answer(200, b"")], "empty", "empty"),
    "only an end mark": Fault([head(), chunk(DONE), END], "empty", "empty"),
    "no text": Fault([head(), chunk(finish() + usage(0) + DONE), END], "empty", "empty"),
    "whole: HTML": Fault([HTML], "malformed", "not a model's reply", is_stream=False),
    "whole: empty body": Fault([answer(200, b"")], "empty", "empty", is_stream=False),
    "whole: other JSON": Fault([answer(200, b"{}")], "malformed", "not a", is_stream=False),
    "whole: no text": Fault([answer(200, completion(""))], "empty", "empty", is_stream=False),
    "whole: length": Fault(
        [answer(200, completion(reason="length"))],
        "reply_too_long",
        "length limit",
        is_stream=False,
    ),
    "whole: content filter": Fault(
        [answer(200, completion(reason="content_filter"))], "filtered", "filter", is_stream=False
    ),
    "whole: cut": Fault(
        [head(), chunk(completion()[:30]), Reset()], "cut_off", CUT, is_stream=False
    ),
    "whole: hang inside": Fault(
        [head(), chunk(completion()[:30]), Hang()], "timeout", "fell silent", is_stream=False
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """A gateway that does not wait long for a provider that hangs."""
    gateway = Gateway(environment={"OPENAI_API_KEY": CANARY}, bounds=IMPATIENT)
    gateway.start()
    yield gateway
    gateway.close()


class TestFault:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
    def test_makes_the_run_void_and_says_why(
        self, fault: Fault, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play(fault.script)
        run = start_run()

        outcome = run.child.call(is_stream=fault.is_stream, on_piece=provider.passed_on.set)
        verdict = run.wait_for_verdict()
        later = run.child.call()
        report = run.finish()

        if fault.is_broken_off:
            assert (outcome.status, outcome.is_broken_off) == (200, True)
        else:
            assert (outcome.status, outcome.is_broken_off) == (400, False)
            assert json.loads(outcome.body)["error"] == GIVE_UP
        assert len(provider.received) == fault.tries
        (call,) = report.calls
        assert (call.failure, call.is_complete) == (fault.failure, False)
        assert fault.words in call.detail
        assert verdict == report.void == call.detail
        assert later.status == 400


class TestCutAnywhere:
    @pytest.mark.parametrize("share", [0.1, 0.35, 0.5, 0.8, 0.9, 0.99])
    def test_is_seen(self, share: float, provider: ScriptedProvider, start_run: StartRun) -> None:
        text = " ".join(f"sentence {number}." for number in range(300))
        body = b"".join(delta(word) for word in text.split()) + finish() + DONE
        provider.play([head(), chunk(body[: int(share * len(body))]), END])
        run = start_run()

        run.child.call()

        assert run.finish().calls[0].failure == "cut_off"


class TestUnreachable:
    def test_says_that_the_connection_is_refused(self, start_run: StartRun) -> None:
        nobody = Upstream(kind="openai", base_url="http://127.0.0.1:9/v1", model="any")
        run = start_run(upstream=nobody)

        outcome = run.child.call()

        (call,) = run.finish().calls
        assert outcome.status == 400
        assert (call.failure, call.status, call.output_tokens) == ("unreachable", None, None)
        assert "connection refused (3 tries)" in call.detail

    def test_says_that_the_name_is_unknown(self, start_run: StartRun) -> None:
        nowhere = Upstream(kind="openai", base_url="http://models.invalid/v1", model="any")
        run = start_run(upstream=nowhere)

        run.child.call()

        assert "its name is unknown" in run.finish().calls[0].detail


class TestTryingAgain:
    def test_helps_when_the_provider_recovers(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([error(503)], [Reset()], whole_stream())
        run = start_run()

        outcome = run.child.call()

        assert outcome.text == "Hello, world "
        assert len(provider.received) == 3
        assert run.finish().void is None

    @pytest.mark.parametrize(
        "wait",
        [
            {"Retry_After": "0.3"},
            {"retry_after_ms": "300"},
        ],
    )
    def test_waits_as_long_as_the_provider_asks(
        self, wait: dict[str, str], provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([error(429, **wait)], whole_stream())
        run = start_run()
        begun_at = time.monotonic()

        outcome = run.child.call()

        assert outcome.status == 200
        assert time.monotonic() - begun_at >= 0.3

    def test_reads_a_date_as_well(self, provider: ScriptedProvider, start_run: StartRun) -> None:
        tomorrow = email.utils.formatdate(time.time() + 86_400, usegmt=True)
        provider.play([error(429, Retry_After=tomorrow)])
        run = start_run()

        run.child.call()

        assert len(provider.received) == 1
        assert run.finish().calls[0].failure == "rate_limited"

    def test_ends_with_the_runs_time(self, provider: ScriptedProvider, start_run: StartRun) -> None:
        provider.play([error(429, Retry_After="0.4")])
        run = start_run(ends_at=time.time() + 0.3)

        outcome = run.child.call()

        (call,) = run.finish().calls
        assert outcome.status == 400
        assert (call.failure, call.detail) == ("timeout", "the run's time was over")
        assert len(provider.received) == 1


class TestTooMuch:
    def test_a_reply_of_ten_megabytes_is_stopped_by_the_allowance(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        piece = chunk(delta("x" * 100_000))
        provider.play([head(), *[piece] * 100, chunk(finish() + DONE), END])
        run = start_run(output_tokens=100_000)

        outcome = run.child.call()

        (call,) = run.finish().calls
        assert outcome.is_broken_off
        assert call.failure == "over_allowance"
        assert call.output_tokens is not None
        assert 100_000 < call.output_tokens < 1_000_000

    def test_a_reply_of_ten_megabytes_passes_where_it_is_allowed(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        piece = chunk(delta("x" * 100_000))
        provider.play([head(), *[piece] * 100, chunk(finish() + DONE), END])
        run = start_run(output_tokens=10_000_000)

        outcome = run.child.call()

        assert len(outcome.text) == 10_000_000
        assert run.finish().void is None

    def test_a_reply_beyond_all_bounds_is_no_reply(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        piece = chunk(b": " + b"x" * 1_000_000 + b"\n")
        provider.play([*BEGUN, *[piece] * 20])
        run = start_run()

        outcome = run.child.call()

        assert outcome.is_broken_off
        assert run.finish().calls[0].failure == "malformed"

    def test_a_line_without_an_end_is_no_reply(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([*BEGUN, *[chunk(b"x" * 1_000_000)] * 6])
        run = start_run()

        run.child.call()

        assert run.finish().calls[0].failure == "malformed"
