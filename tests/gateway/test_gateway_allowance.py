"""What a run may use, and what happens the moment it uses more."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.charges import Charge
from agents.gateway.meter import Meter, RunMeter
from agents.gateway.prices import Price, Rates
from agents.gateway.protocol import Allowance, read_calls
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
from tests.gateway.gateway_run import StartRun, shared

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

    def test_told_in_the_middle_are_not_taken_for_those_of_the_whole_reply(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), chunk(delta("word") + usage(1)), TOKENS_100, END])
        run = start_run()

        run.child.call()

        (call,) = run.finish().calls
        assert (call.failure, call.output_tokens, call.is_estimated) == ("cut_off", 101, True)

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
        first = start_run(ceilings=(shared("mission 7", "calls", 3),))
        second = start_run(ceilings=(shared("mission 7", "calls", 3),))
        stranger = start_run(ceilings=(shared("mission 8", "calls", 3),))

        statuses = [run.child.call().status for run in (first, second, first, second, stranger)]

        assert statuses == [200, 200, 200, 400, 200]
        assert second.finish().void == "mission 7: calls used up"
        assert first.finish().void is None


class TestTokensOfOneMission:
    def test_are_counted_together_while_replies_stream(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        pieces: list[Step] = [TOKENS_100, Pause(0.03)]
        slow = [head(), *pieces * 8, chunk(finish() + DONE), END]
        provider.play(slow)
        left = shared("mission 9", "output_tokens", 1_000)
        runs = [start_run(ceilings=(left,)) for _ in range(2)]
        together = threading.Barrier(2)

        def play(index: int) -> None:
            together.wait(5)
            runs[index].child.call()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(play, range(2)))
        reports = [run.finish() for run in runs]

        assert sum(report.output_tokens for report in reports) <= 1_000 + 800
        assert "mission 9: output_tokens used up" in {report.void for report in reports}


class TestMoney:
    PRICE = Charge(
        price=Price(
            rates=Rates(
                input=Decimal(0), output=Decimal(10), cache_read=Decimal(0), cache_write=Decimal(0)
            )
        )
    )

    def test_ends_a_reply_in_its_middle_and_drops_the_provider(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), TOKENS_100, PassedOn(), TOKENS_100, Hang()])
        run = start_run(charge=self.PRICE, ceilings=(shared("run", "cost", Decimal("0.0015")),))

        outcome = run.child.call(on_piece=provider.passed_on.set)

        assert outcome.is_broken_off
        assert outcome.text == "x" * 400
        assert run.wait_for_verdict() == "run: cost used up"
        assert provider.left.wait(3)
        (call,) = run.finish().calls
        assert (call.failure, call.dollars) == ("over_allowance", Decimal("0.002"))
        assert (call.input_price, call.output_price) == ("0", "10")

    def test_is_told_as_the_provider_counts_it(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), TOKENS_100, chunk(finish() + usage(20) + DONE), END])
        run = start_run(charge=self.PRICE, ceilings=(shared("run", "cost", Decimal("0.0015")),))

        outcomes = [run.child.call() for _ in range(3)]

        assert [outcome.status for outcome in outcomes] == [200, 200, 200]
        assert run.finish().cost == Decimal("0.0006")

    def test_of_a_question_that_does_not_fit_is_not_asked(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        dear = Rates(
            input=Decimal(10**6), output=Decimal(0), cache_read=Decimal(0), cache_write=Decimal(0)
        )
        charge = Charge(price=Price(rates=dear), is_assumed=True)
        run = start_run(charge=charge, ceilings=(shared("run", "cost", Decimal("0.5")),))

        outcome = run.child.call()

        assert outcome.status == 400
        assert provider.received == []
        report = run.finish()
        assert report.cost == 0
        (call,) = report.calls
        assert (call.dollars, call.was_made) == (None, False)
        assert call.detail == report.void == "run: cost used up"
        assert read_calls(run.directory) == (call,)

    def test_nobody_knows_the_price_of_is_not_known(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        run = start_run()

        run.child.call()

        (call,) = run.finish().calls
        assert call.dollars is None
        assert read_calls(run.directory) == (call,)


def allowance(left: int, **held: int) -> Allowance:
    amounts = {name: Decimal(amount) for name, amount in held.items()}
    return Allowance(
        calls=1_000,
        output_tokens=1_000_000,
        ends_at=0,
        ceilings=(shared("day", "output_tokens", left, amounts),),
    )


class TestMeter:
    @given(
        day=st.integers(0, 100),
        steps=st.lists(
            st.tuples(
                st.sampled_from(["begin", "use", "use", "use", "finish", "settle"]),
                st.integers(0, 60),
            ),
            min_size=10,
            max_size=60,
        ),
    )
    def test_never_lets_runs_use_more_than_the_day_and_one_piece(
        self, day: int, steps: list[tuple[str, int]]
    ) -> None:
        meter, numbers = Meter(), itertools.count()
        settled = used = 0
        runs: list[RunMeter] = []
        unsettled: list[RunMeter] = []
        for step, number in steps:
            if step == "begin":
                # What the worker knows of: settled runs, and those in flight, with nothing yet.
                held = dict.fromkeys((run.run_id for run in (*runs, *unsettled)), 0)
                name = f"run{next(numbers)}"
                runs.append(meter.enter(name, allowance(day - settled, **held)))
            elif runs and step == "finish":
                run = runs.pop(number % len(runs))
                unsettled.append(run)
                meter.leave(run)
            elif unsettled and step == "settle":
                settled += int(unsettled.pop().used["output_tokens"])
            elif runs and step == "use":
                run = runs[number % len(runs)]
                used += number
                if run.count(output_tokens=number):
                    # Over: this was the piece that crossed, and the run is void.
                    assert used > day
                    used -= number
                    run.count(output_tokens=-number)

        assert used <= day

    def test_takes_off_what_runs_in_flight_used_when_another_begins(self) -> None:
        meter = Meter()
        earlier = meter.enter("a", allowance(100))
        earlier.count(output_tokens=60)

        later = meter.enter("b", allowance(100, a=10))

        assert later.count(output_tokens=40) is None
        assert later.count(output_tokens=1) is not None

    def test_takes_off_what_is_held_for_runs_of_other_workers(self) -> None:
        run = Meter().enter("b", allowance(100, elsewhere=70))

        assert run.count(output_tokens=30) is None
        assert run.count(output_tokens=1) is not None

    def test_stops_holding_for_a_run_that_begins_here_too(self) -> None:
        meter = Meter()
        run = meter.enter("a", allowance(100, b=70))

        meter.enter("b", allowance(100, a=5)).count(output_tokens=20)

        assert run.count(output_tokens=80) is None
        assert run.count(output_tokens=1) is not None

    def test_keeps_what_a_finished_run_used_for_those_that_began_before(self) -> None:
        meter = Meter()
        staying, leaving = meter.enter("a", allowance(100)), meter.enter("b", allowance(100))
        leaving.count(output_tokens=60)
        meter.leave(leaving)

        assert staying.count(output_tokens=40) is None
        assert staying.count(output_tokens=1) is not None

    def test_takes_an_estimate_back_that_was_too_high(self) -> None:
        run = Meter().enter("a", allowance(100))

        assert run.count(output_tokens=101) is not None
        assert run.count(output_tokens=-50) is None
        assert run.used["output_tokens"] == 51
