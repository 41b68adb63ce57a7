"""What a run may use, and what happens the moment it uses more."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.meter import MissionMeter
from agents.gateway.protocol import Allowance
from tests.gateway.gateway_provider import (
    DONE,
    END,
    Hang,
    PassedOn,
    Pause,
    ScriptedProvider,
    Step,
    chunk,
    delta,
    finish,
    head,
    usage,
    whole_stream,
)
from tests.gateway.gateway_run import StartRun

TOKENS_100 = chunk(delta("x" * 400))


class TestOutputTokens:
    def test_end_a_reply_in_its_middle_and_tell_the_worker_at_once(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        two_hundred = chunk(delta("x" * 800))
        provider.play([head(), two_hundred, PassedOn(), TOKENS_100, Hang()])
        run = start_run(output_tokens=250)
        begun_at = time.monotonic()

        outcome = run.child.call(on_piece=provider.passed_on.set)
        verdict = run.wait_for_verdict()

        assert time.monotonic() - begun_at < 3
        assert outcome.is_broken_off
        assert outcome.text == "x" * 800
        assert verdict == "the run's allowance of 250 output tokens was used up"
        assert provider.left.wait(3)
        (call,) = run.finish().calls
        assert (call.failure, call.output_tokens, call.is_estimated) == (
            "over_allowance",
            300,
            True,
        )

    def test_are_the_providers_own_once_it_tells_them(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), TOKENS_100, chunk(finish() + usage(20) + DONE), END])
        run = start_run(output_tokens=150)

        outcomes = [run.child.call() for _ in range(3)]

        assert [outcome.status for outcome in outcomes] == [200, 200, 200]
        assert run.finish().output_tokens == 60

    def test_that_are_used_up_let_no_other_call_begin(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play(whole_stream(output=100))
        run = start_run(output_tokens=100)

        first, second = run.child.call(), run.child.call()

        assert (first.status, second.status) == (200, 400)
        assert len(provider.received) == 1
        assert run.finish().void == "the run's allowance of 100 output tokens was used up"


class TestCalls:
    def test_beyond_the_allowance_do_not_reach_the_provider(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        run = start_run(calls=2)

        statuses = [run.child.call().status for _ in range(4)]
        report = run.finish()

        assert statuses == [200, 200, 400, 400]
        assert len(provider.received) == 2
        assert [call.failure for call in report.calls] == [None, None, "over_allowance"]
        assert report.void == "the run's allowance of 2 model calls was used up"

    def test_of_one_mission_share_its_day(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        first = start_run(mission_id=7, mission_calls=3)
        second = start_run(mission_id=7, mission_calls=3)
        stranger = start_run(mission_id=8, mission_calls=3)

        statuses = [run.child.call().status for run in (first, second, first, second, stranger)]

        assert statuses == [200, 200, 200, 400, 200]
        assert (
            second.finish().void == "the mission's allowance of model calls for the day was used up"
        )
        assert first.finish().void is None


class TestTokensOfOneMission:
    def test_are_counted_together_while_replies_stream(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        pieces: list[Step] = [TOKENS_100, Pause(0.03)]
        slow = [head(), *pieces * 8, chunk(finish() + DONE), END]
        provider.play(slow)
        runs = [start_run(mission_id=9, mission_output_tokens=1_000) for _ in range(2)]
        together = threading.Barrier(2)

        def play(index: int) -> None:
            together.wait(5)
            runs[index].child.call()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(play, range(2)))
        reports = [run.finish() for run in runs]

        assert sum(report.output_tokens for report in reports) <= 1_000 + 800
        assert "the mission's allowance of output tokens for the day was used up" in {
            report.void for report in reports
        }


def allowance(tokens: int, calls: int = 1_000) -> Allowance:
    return Allowance(
        calls=1_000,
        output_tokens=1_000_000,
        ends_at=0,
        mission_calls=calls,
        mission_output_tokens=tokens,
    )


class TestMissionMeter:
    @given(
        day=st.integers(0, 100),
        steps=st.lists(
            st.tuples(
                st.sampled_from(["begin", "use", "use", "use", "finish"]), st.integers(0, 60)
            ),
            min_size=10,
            max_size=60,
        ),
    )
    def test_never_lets_runs_use_more_than_the_day_and_one_piece(
        self, day: int, steps: list[tuple[str, int]]
    ) -> None:
        mission = MissionMeter()
        ledger = used = 0
        runs = []
        for step, number in steps:
            if step == "begin":
                # What the worker knows of: finished runs.
                runs.append(mission.enter(allowance(day - ledger)))
            elif runs and step == "finish":
                run = runs.pop(number % len(runs))
                ledger += run.output_tokens
                mission.leave(run)
            elif runs:
                run = runs[number % len(runs)]
                used += number
                if run.count_output(number):
                    # Over: this was the piece that crossed, and the run is void.
                    assert used > day
                    used -= number
                    run.count_output(-number)

        assert used <= day

    def test_takes_off_what_runs_in_flight_used_when_another_begins(self) -> None:
        mission = MissionMeter()
        earlier = mission.enter(allowance(100))
        earlier.count_output(60)

        later = mission.enter(allowance(100))

        assert later.count_output(40) is None
        assert later.count_output(1) is not None

    def test_keeps_what_a_finished_run_used_for_those_that_began_before(self) -> None:
        mission = MissionMeter()
        staying, leaving = mission.enter(allowance(100)), mission.enter(allowance(100))
        leaving.count_output(60)
        mission.leave(leaving)

        assert staying.count_output(40) is None
        assert staying.count_output(1) is not None

    def test_takes_an_estimate_back_that_was_too_high(self) -> None:
        run = MissionMeter().enter(allowance(100))

        assert run.count_output(101) is not None
        assert run.count_output(-50) is None
        assert run.output_tokens == 51
