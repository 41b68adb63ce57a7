"""The circuit breaker: its rules, and one state for all who share a Redis."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parallagon.core.breaker import Breaker, BreakerPolicy, Circuit, CircuitOpen
from tests.valkey import Valkey

POLICY = BreakerPolicy(failures=3, window=60, pause=30, longest_pause=100, probe=200)
NAME = "openai/model"


def fail(circuit: Circuit, who: str = "a", *, now: float, wait: float = 0) -> Circuit:
    return circuit.failed(who, POLICY, now=now, wait=wait, reason="overloaded")


def opened(*, now: float = 0, wait: float = 0) -> Circuit:
    circuit = Circuit()
    for _ in range(POLICY.failures):
        circuit = fail(circuit, now=now, wait=wait)
    return circuit


class TestOpening:
    def test_so_many_failures_within_the_window(self):
        circuit = fail(fail(Circuit(), now=0), now=1)
        assert circuit.state == "closed"
        assert fail(circuit, now=2).state == "open"

    def test_failures_long_ago_do_not_count(self):
        assert fail(fail(fail(Circuit(), now=0), now=1), now=61.5).state == "closed"

    def test_an_answer_forgets_them(self):
        assert fail(fail(fail(Circuit(), now=0), now=1).answered(), now=2).state == "closed"

    @given(st.floats(0, 1e6))
    def test_nobody_enters_before_the_pause_is_over_nor_before_the_service_asks(self, wait: float):
        circuit = opened(wait=wait)
        end = max(POLICY.pause, wait)

        with pytest.raises(CircuitOpen) as refused:
            circuit.entered(NAME, "a", POLICY, now=end - 0.5)

        assert refused.value.wait == pytest.approx(0.5)
        assert refused.value.reason == "overloaded"
        assert circuit.entered(NAME, "a", POLICY, now=end).state == "half_open"

    def test_a_person_who_asks_need_not_wait_for_the_end_of_the_pause(self):
        asked = opened(wait=100).entered(NAME, "a", POLICY, now=1, is_asked=True)

        assert (asked.state, asked.probe) == ("half_open", "a")

    def test_a_run_from_before_it_opened_changes_nothing_by_failing(self):
        assert fail(opened(), "late", now=5) == opened()


class TestProbing:
    probing = opened().entered(NAME, "probe", POLICY, now=30)

    def test_one_at_a_time(self):
        with pytest.raises(CircuitOpen) as refused:
            self.probing.entered(NAME, "other", POLICY, now=40)

        assert refused.value.wait <= POLICY.pause, "its end is soon"

    def test_one_at_a_time_also_when_a_person_asks(self):
        with pytest.raises(CircuitOpen):
            self.probing.entered(NAME, "other", POLICY, now=40, is_asked=True)

    def test_a_lost_one_makes_room(self):
        assert self.probing.entered(NAME, "other", POLICY, now=230).probe == "other"

    def test_one_that_learnt_nothing_makes_room_at_once(self):
        left = self.probing.left("probe", now=40)
        assert left.entered(NAME, "other", POLICY, now=40).probe == "other"
        assert self.probing.left("other", now=40) == self.probing

    def test_its_failure_doubles_the_pause_up_to_a_limit(self):
        circuit, pauses = self.probing, []
        for _ in range(4):
            now = circuit.retry_at
            circuit = fail(circuit, "probe", now=now)
            pauses.append(circuit.retry_at - now)
            circuit = circuit.entered(NAME, "probe", POLICY, now=circuit.retry_at)

        assert pauses == [60, 100, 100, 100]

    def test_its_success_closes_it(self):
        assert self.probing.answered() == Circuit()


class Callers(RuleBasedStateMachine):
    """Whatever happens in whatever order: one probe at most, and never closed for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit, self.now, self.next = Circuit(), 0.0, 0
        self.inside: list[str] = []

    @rule(seconds=st.floats(0.1, 300))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(is_asked=st.booleans())
    def enter(self, *, is_asked: bool) -> None:
        self.next += 1
        try:
            self.circuit = self.circuit.entered(
                NAME, str(self.next), POLICY, now=self.now, is_asked=is_asked
            )
        except CircuitOpen:
            return
        self.inside.append(str(self.next))

    @precondition(lambda self: self.inside)
    @rule(data=st.data(), how=st.sampled_from(["answered", "failed", "left"]))
    def end(self, data: Any, how: str) -> None:
        who = data.draw(st.sampled_from(self.inside))
        self.inside.remove(who)
        if how == "answered":
            self.circuit = self.circuit.answered()
        elif how == "failed":
            self.circuit = fail(self.circuit, who, now=self.now)
        else:
            self.circuit = self.circuit.left(who, now=self.now)

    @invariant()
    def recovers(self) -> None:
        far = self.now + POLICY.longest_pause + POLICY.probe
        assert self.circuit.entered(NAME, "x", POLICY, now=far).answered() == Circuit()


TestCallers = Callers.TestCase


class TestWithoutRedis:
    def test_each_process_decides_alone_and_begins_by_trusting(self):
        mine, other = (Breaker("test", lambda: POLICY) for _ in range(2))
        for _ in range(POLICY.failures):
            mine.enter(NAME, "a", now=0)
            change = mine.failed(NAME, "a", now=0, wait=0, reason="overloaded")

        assert change.has_opened
        with pytest.raises(CircuitOpen):
            mine.enter(NAME, "a", now=1)
        other.enter(NAME, "a", now=1)
        assert list(mine.circuits()) == [NAME]
        assert not other.circuits()


@pytest.fixture
def valkey(settings: Any) -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory() as folder:
        server = Valkey(Path(folder))
        server.start()
        settings.REDIS_URL = server.url
        yield server
        server.kill()


@pytest.mark.faults
class TestTogether:
    def test_the_failures_of_all_open_it_and_one_alone_sees_it_turn(self, valkey: Valkey):
        breakers = [Breaker("test", lambda: POLICY) for _ in range(POLICY.failures + 2)]
        changes = at_once(
            lambda breaker: breaker.failed(NAME, "a", now=0, wait=0, reason="overloaded"), breakers
        )

        assert sum(change.has_opened for change in changes) == 1
        for breaker in breakers:
            with pytest.raises(CircuitOpen):
                breaker.enter(NAME, "a", now=1)
        assert breakers[0].circuits()[NAME].state == "open"

    def test_one_of_all_probes(self, valkey: Valkey):
        breakers = [Breaker("test", lambda: POLICY) for _ in range(8)]
        for breaker in breakers[: POLICY.failures]:
            breaker.failed(NAME, "a", now=0, wait=0, reason="overloaded")

        def enter(breaker: Breaker) -> bool:
            try:
                breaker.enter(NAME, str(id(breaker)), now=31)
            except CircuitOpen:
                return False
            return True

        assert sum(at_once(enter, breakers)) == 1
        assert breakers[0].answered(NAME).has_closed
        assert not breakers[1].circuits()
        assert all(at_once(enter, breakers))

    def test_a_server_that_died_or_holds_nonsense_is_no_reason_to_stop(self, valkey: Valkey):
        breaker = Breaker("test", lambda: POLICY)
        breaker.failed(NAME, "a", now=0, wait=0, reason="overloaded")
        breaker._client.hset(breaker._key, NAME, "nonsense")  # as another version may write
        breaker.enter(NAME, "a", now=1)

        valkey.kill()

        breaker.enter(NAME, "a", now=2)
        assert not breaker.circuits()


def at_once(action: Any, breakers: list[Breaker]) -> list[Any]:
    """Let each breaker do the action in a thread of its own, all starting together."""
    together, results = threading.Barrier(len(breakers)), []

    def act(breaker: Breaker) -> None:
        together.wait(10)
        results.append(action(breaker))

    threads = [threading.Thread(target=act, args=[breaker]) for breaker in breakers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == len(breakers)
    return results
