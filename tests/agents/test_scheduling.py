"""The rules of pace: pure functions, so they get properties."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from agents import scheduling
from agents.gateway.protocol import Failure as GatewayFailure
from agents.models import UNTIL_CONFIGURED, UNTIL_INPUTS_CHANGE, Agent, AgentRun, Failure
from agents.scheduling import Standing, after_run

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
Outcome = AgentRun.Outcome

standings = st.builds(
    Standing,
    interval=st.integers(1, 5000),
    shortest=st.integers(10, 60),
    longest=st.integers(60, 300),
    failure_count=st.integers(0, 50),
    is_stopping=st.booleans(),
    is_dirty=st.booleans(),
    failure=st.sampled_from(["", *Failure.values]),
    wait=st.floats(0, 1e9),
    chance=st.floats(0, 1),
)
outcomes = st.sampled_from(Outcome.values)


class TestAfterRun:
    @given(outcomes, standings)
    def test_the_next_state_is_one_that_a_running_agent_may_go_to(self, outcome, standing):
        following = after_run(outcome, standing, now=NOW)

        assert following.state in Agent.TRANSITIONS[Agent.State.RUNNING]

    @given(outcomes, standings)
    def test_only_an_agent_that_waits_for_news_has_no_next_look(self, outcome, standing):
        following = after_run(outcome, standing, now=NOW)

        if following.next_run_at is None:
            news = UNTIL_CONFIGURED | UNTIL_INPUTS_CHANGE
            assert following.state == Agent.State.STOPPED or standing.failure in news

    @given(outcomes, standings)
    def test_a_next_look_is_never_in_the_past_nor_farther_than_a_day(self, outcome, standing):
        at = after_run(outcome, standing, now=NOW).next_run_at

        assert at is None or NOW <= at <= NOW + timedelta(days=1.2)

    @given(standings)
    def test_a_provider_that_asks_to_wait_is_obeyed_up_to_a_day(self, standing):
        asked = replace(standing, failure=Failure.RATE_LIMITED, is_stopping=False)
        following = after_run(Outcome.FAILED, asked, now=NOW)

        assert following.next_run_at is not None
        assert following.next_run_at >= NOW + timedelta(seconds=min(asked.wait, 86_400) - 0.001)

    @given(standings)
    def test_failures_are_counted_and_a_success_forgets_them(self, standing):
        failed = after_run(Outcome.FAILED, standing, now=NOW)
        changed = after_run(Outcome.CHANGED, standing, now=NOW)

        assert changed.failure_count == 0
        assert failed.failure_count in {0, standing.failure_count + 1}

    @given(outcomes, standings)
    def test_whoever_asked_it_to_stop_is_obeyed(self, outcome, standing):
        stopping = Standing(**{**standing.__dict__, "is_stopping": True})

        assert after_run(outcome, stopping, now=NOW).state == Agent.State.STOPPED

    def test_a_change_during_the_run_brings_the_next_look_forward_to_now(self):
        dirty = Standing(
            interval=40, shortest=20, longest=300, failure_count=0, is_stopping=False, is_dirty=True
        )

        following = after_run(Outcome.UNCHANGED, dirty, now=NOW)

        assert following.next_run_at == NOW
        assert following.interval == 20

    def test_a_used_up_day_ends_at_midnight(self):
        standing = Standing(
            interval=40, shortest=20, longest=300, failure_count=3, is_stopping=False,
            is_dirty=False,
        )  # fmt: skip

        following = after_run(Outcome.STOPPED_BUDGET, standing, now=NOW)

        assert following.state == Agent.State.PAUSED_BUDGET
        assert following.next_run_at == datetime(2026, 3, 15, tzinfo=UTC)


class TestIntervals:
    @given(standings, st.integers(1, 12))
    def test_an_agent_with_nothing_to_do_slows_down_to_its_longest_interval(self, standing, times):
        calm = Standing(**{**standing.__dict__, "is_dirty": False})
        interval = calm.interval
        for _ in range(times):
            following = scheduling.next_interval(
                Outcome.UNCHANGED, Standing(**{**calm.__dict__, "interval": interval})
            )
            assert following >= min(interval, calm.longest)
            interval = following

        assert interval <= calm.longest

    @given(st.integers(1, 200))
    def test_backoff_grows_and_stays_below_half_an_hour(self, failures):
        assert scheduling.FIRST_BACKOFF <= scheduling.backoff(failures) <= 1800
        assert scheduling.backoff(failures) <= scheduling.backoff(failures + 1)


class TestInTurn:
    @given(
        st.lists(st.integers(1, 4), max_size=60),
        st.dictionaries(st.integers(1, 4), st.integers(0, 9)),
    )
    def test_nobody_waits_longer_than_its_turn(self, missions, ahead):
        ordered = scheduling.in_turn(list(enumerate(missions)), mission=itemgetter(1), ahead=ahead)

        assert sorted(ordered) == list(enumerate(missions))
        done = Counter(ahead)
        for _number, mission in ordered:
            waiting = {m for m in missions if done[m] < ahead.get(m, 0) + missions.count(m)}
            assert done[mission] == min(done[m] for m in waiting)
            done[mission] += 1

    @given(st.lists(st.integers(1, 4), max_size=60))
    def test_within_a_mission_the_order_stays(self, missions):
        ordered = scheduling.in_turn(list(enumerate(missions)), mission=itemgetter(1), ahead={})

        for mission in set(missions):
            own = [number for number, of in ordered if of == mission]
            assert own == sorted(own)


class TestQuietUntil:
    @given(st.integers(0, 300), st.integers(0, 300))
    def test_a_writing_person_is_left_alone_but_not_for_ever(self, saved_ago, queued_ago):
        until = scheduling.quiet_until(
            NOW - timedelta(seconds=saved_ago),
            queued_at=NOW - timedelta(seconds=queued_ago),
            now=NOW,
            quiet=5,
            most=60,
        )

        assert (until is not None) == (saved_ago < 5 and queued_ago < 60)
        assert until is None or NOW < until <= NOW + timedelta(seconds=5)

    def test_nobody_wrote(self):
        assert scheduling.quiet_until(None, queued_at=NOW, now=NOW, quiet=5, most=60) is None


def test_every_failure_of_the_gateway_has_its_code():
    assert set(get_args(GatewayFailure)) <= set(Failure.values)
