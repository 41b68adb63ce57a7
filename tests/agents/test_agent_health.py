"""Whether an agent is well: pure, by its state and the clock."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.health import HEALTH, health_of
from agents.models import Agent
from tests.agents.factories import NOW

State = Agent.State


def health(*, after: float = 0, **fields: Any) -> str:
    """Return how an agent is that came into its state at ``NOW``, so many seconds later."""
    agent = Agent(**{"interval": 20, "state_changed_at": NOW, **fields})
    return health_of(agent, now=NOW + timedelta(seconds=after), run_seconds=300)


class TestHealth:
    @pytest.mark.parametrize("state", [State.STOPPED, State.SETTLED, State.PAUSED_BUDGET])
    def test_who_has_nothing_to_do_is_well_however_long(self, state: str):
        assert health(state=state, after=10**7) == "resting"

    @pytest.mark.parametrize(
        ("interval", "after", "expected"),
        [(20, 60, "ok"), (20, 61, "late"), (300, 300, "ok"), (300, 301, "late")],
    )
    def test_who_waits_is_late_after_its_interval_of_now(
        self, interval: int, after: int, expected: str
    ):
        for state in (State.IDLE, State.QUEUED):
            found = health(state=state, interval=interval, next_run_at=NOW, after=after)
            assert found == expected

    def test_a_look_in_the_future_is_not_late(self):
        later = NOW + timedelta(hours=1)

        assert health(state=State.IDLE, next_run_at=later, after=3000) == "ok"

    @pytest.mark.parametrize(("after", "expected"), [(360, "ok"), (361, "stuck")])
    def test_a_run_may_take_its_time_and_the_reaper_a_minute(self, after: int, expected: str):
        assert health(state=State.RUNNING, after=after) == expected

    @pytest.mark.parametrize("state", [State.BACKING_OFF, State.PAUSED_BREAKER])
    def test_who_has_failed_is_failing(self, state: str):
        assert health(state=state) == "failing"

    def test_and_stays_so_while_it_tries_again(self):
        assert health(state=State.RUNNING, failure_count=2) == "failing"

    def test_who_goes_in_a_circle_is_stuck(self):
        assert health(state=State.PAUSED_BREAKER, loop="returned") == "stuck"

    @given(st.sampled_from(State.values), st.floats(-1e6, 1e6), st.integers(1, 5000))
    def test_is_always_known(self, state: str, after: float, interval: int):
        assert health(state=state, after=after, interval=interval, next_run_at=NOW) in HEALTH
