"""A call that goes well: what the provider gets, what the child gets, what is recorded."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from agents.gateway.protocol import TRANSCRIPT_FILE, read_calls
from tests.gateway.gateway_provider import (
    DONE,
    END,
    Hang,
    Outcome,
    PassedOn,
    ScriptedProvider,
    answer,
    chunk,
    completion,
    delta,
    event,
    finish,
    head,
    usage,
    whole_stream,
)
from tests.gateway.gateway_run import CANARY, StartRun


class TestTheProvider:
    def test_gets_the_key_its_own_model_name_and_nothing_of_the_childs_headers(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        run = start_run()

        run.child.call(temperature=0)

        (request,) = provider.received
        assert request.path == "/v1/chat/completions"
        assert request.headers["authorization"] == f"Bearer {CANARY}"
        assert run.child.token not in str(request)
        assert "python-httpx" not in str(request.headers)
        assert request.body["model"] == "real-model"
        assert request.body["temperature"] == 0

    def test_is_asked_for_usage_in_streams_only(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play(whole_stream(), [answer(200, completion())])
        run = start_run()

        run.child.call(stream_options={"include_obfuscation": False})
        run.child.call(is_stream=False)

        streamed, whole = provider.received
        assert streamed.body["stream_options"] == {
            "include_usage": True,
            "include_obfuscation": False,
        }
        assert "stream_options" not in whole.body

    def test_is_not_asked_for_usage_again_once_it_refused(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        refusal = answer(422, b'{"detail": "extra field stream_options"}')
        provider.play([refusal], whole_stream(), whole_stream())
        run = start_run()

        first, second = run.child.call(), run.child.call()

        assert first.status == second.status == 200
        assert ["stream_options" in one.body for one in provider.received] == [True, False, False]
        assert run.finish().void is None

    def test_is_dropped_when_the_child_leaves(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), chunk(delta("Once upon")), Hang()])
        run = start_run()

        with run.child.open({"messages": [], "stream": True}) as response:
            next(response.iter_raw())

        assert provider.left.wait(3)
        assert run.finish().calls[0].failure == "cut_off"


class TestTheChild:
    def test_gets_a_streams_bytes_unchanged(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        sent = [delta("Hello, "), b": a comment\r\n\r\n", delta("wörld"), finish(), usage(5), DONE]
        provider.play([head(), *map(chunk, sent), END])

        outcome = start_run().child.call()

        assert outcome.status == 200
        assert not outcome.is_broken_off
        assert outcome.body == b"".join(sent)

    def test_gets_a_whole_replys_bytes_unchanged(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([answer(200, completion("Grüße"))])

        outcome = start_run().child.call(is_stream=False)

        assert (outcome.status, outcome.body) == (200, completion("Grüße"))

    def test_gets_a_reply_that_only_calls_tools(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        call = {"index": 0, "delta": {"tool_calls": [{"function": {"name": "edit"}}]}}
        sent = event({"choices": [call]}) + finish("tool_calls") + DONE
        provider.play([head(), chunk(sent), END])
        run = start_run()

        assert run.child.call().body == sent
        assert run.finish().void is None

    def test_gets_pieces_as_they_come_but_not_the_end_before_it_is_recorded(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), chunk(delta("Hello")), PassedOn(), chunk(finish() + DONE), END])
        run = start_run()

        with run.child.open({"messages": [], "stream": True}) as response:
            pieces = response.iter_raw()
            begun_at = time.monotonic()
            assert next(pieces) == delta("Hello")
            assert time.monotonic() - begun_at < 5
            (begun,) = read_calls(run.directory)
            provider.passed_on.set()
            assert next(pieces) == finish() + DONE
            (ended,) = read_calls(run.directory)

        assert (begun.is_complete, begun.failure) == (False, None)
        assert ended.is_complete


class TestTheRecord:
    def test_tells_the_providers_usage(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play(whole_stream(output=5), [answer(200, completion(output=8))])
        run = start_run()
        run.child.call()
        run.child.call(is_stream=False)

        report = run.finish()

        streamed, whole = report.calls
        assert (streamed.number, whole.number) == (1, 2)
        assert (streamed.input_tokens, streamed.output_tokens, streamed.cached_tokens) == (7, 5, 3)
        assert (whole.input_tokens, whole.output_tokens, whole.cached_tokens) == (7, 8, 3)
        assert streamed.is_complete
        assert streamed.finish_reason == "stop"
        assert streamed.status == 200
        assert streamed.failure is None
        assert not streamed.is_estimated
        assert (report.input_tokens, report.output_tokens, report.void) == (14, 13, None)
        assert read_calls(run.directory) == report.calls

    def test_estimates_usage_that_is_not_told(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), chunk(delta("x" * 400)), chunk(finish() + DONE), END])
        run = start_run()
        run.child.call()

        (call,) = run.finish().calls

        assert call.is_estimated
        assert call.output_tokens == 100
        assert call.input_tokens == 3  # "Say hello"
        assert call.cached_tokens is None

    def test_does_not_believe_a_careless_zero(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), chunk(delta("x" * 400) + finish() + usage(0) + DONE), END])
        run = start_run()
        run.child.call()

        (call,) = run.finish().calls

        assert (call.output_tokens, call.is_estimated) == (100, True)

    def test_holds_request_and_reply_in_the_transcript(self, start_run: StartRun) -> None:
        run = start_run()
        run.child.call()
        run.finish()

        lines = (run.directory / TRANSCRIPT_FILE).read_text(encoding="utf-8").splitlines()

        request, reply = map(json.loads, lines)
        assert request["request"]["messages"] == [{"role": "user", "content": "Say hello"}]
        assert reply["reply"] == "Hello, world "
        assert (request["call"], reply["call"], reply["finish_reason"]) == (1, 1, "stop")

    def test_is_private(self, start_run: StartRun) -> None:
        run = start_run()

        modes = {path.stat().st_mode & 0o777 for path in run.directory.iterdir()}

        assert modes == {0o600}


class TestManyRuns:
    def test_fifty_at_once_each_get_their_own_reply_and_record(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play(whole_stream("a story that is told"))
        runs = [start_run() for _ in range(50)]
        together = threading.Barrier(50)

        def play(index: int) -> Outcome:
            together.wait(30)
            return runs[index].child.call()

        with ThreadPoolExecutor(50) as pool:
            outcomes = list(pool.map(play, range(50)))
        reports = [run.finish() for run in runs]

        assert {outcome.text for outcome in outcomes} == {"a story that is told "}
        assert {(len(report.calls), report.void) for report in reports} == {(1, None)}
        assert all(report.calls[0].is_complete for report in reports)
