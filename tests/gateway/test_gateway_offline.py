"""The offline writer behind the same door as every other model."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from agents.gateway.client import Gateway
from agents.gateway.models import resolve
from agents.gateway.offline.writer import write_reply
from tests.gateway.gateway_run import QUICK, PlayedRun, StartRun

MESSAGES = [{"role": "user", "content": "Say hello"}]
OFFLINE = resolve("offline/writer", {})


@pytest.fixture(scope="module")
def slow_gateway() -> Iterator[Gateway]:
    gateway = Gateway(environment={"PARALLAGON_OFFLINE_PACE": "200"}, bounds=QUICK)
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture
def offline_run(start_run: StartRun) -> PlayedRun:
    return start_run(upstream=OFFLINE)


class TestOfflineWriter:
    def test_streams_what_it_writes(self, offline_run: PlayedRun) -> None:
        outcome = offline_run.child.call()
        report = offline_run.finish()

        assert outcome.text == write_reply(MESSAGES)
        assert outcome.body.endswith(b"data: [DONE]\n\n")
        assert report.void is None
        (call,) = report.calls
        assert (call.is_complete, call.is_estimated, call.finish_reason) == (True, False, "stop")
        assert call.output_tokens == -(-len(outcome.text) // 4)

    def test_answers_in_one_piece_as_well(self, offline_run: PlayedRun) -> None:
        outcome = offline_run.child.call(is_stream=False)

        message = json.loads(outcome.body)["choices"][0]["message"]
        assert message == {"role": "assistant", "content": write_reply(MESSAGES)}
        assert offline_run.finish().void is None

    def test_answers_the_same_question_with_the_same_bytes(self, offline_run: PlayedRun) -> None:
        assert offline_run.child.call().body == offline_run.child.call().body

    def test_that_breaks_makes_the_run_void(self, offline_run: PlayedRun) -> None:
        outcome = offline_run.child.call(messages=[{"content": {"not": "text"}, "role": 5}])
        report = offline_run.finish()

        # Either it makes something of it, or the run is void: never a silent nothing.
        assert (outcome.status == 200) == (report.void is None)


class TestPace:
    @pytest.mark.parametrize("is_stream", [True, False])
    def test_is_kept(self, *, is_stream: bool, slow_gateway: Gateway, start_run: StartRun) -> None:
        run = start_run(at=slow_gateway, upstream=OFFLINE)
        begun_at = time.monotonic()

        run.child.call(is_stream=is_stream)

        (call,) = run.finish().calls
        assert call.output_tokens
        assert time.monotonic() - begun_at >= call.output_tokens / 200

    def test_lets_a_person_watch(self, slow_gateway: Gateway, start_run: StartRun) -> None:
        run = start_run(at=slow_gateway, upstream=OFFLINE)

        outcome = run.child.call()

        assert len(outcome.pieces) > 3
