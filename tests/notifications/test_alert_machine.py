"""When a rule fires and when that is over: once, and whatever comes in between."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifications.alerts.machine import SILENCE, Standing, State, Terms, rest, step
from tests.notifications.conftest import NOW

TERMS = Terms(threshold=10, clear_at=5, hold=timedelta(minutes=2), cool_down=timedelta(minutes=10))
values = st.one_of(st.none(), st.floats(0, 20))
looks = st.lists(st.tuples(st.integers(1, 400), values), max_size=60)
terms = st.builds(
    lambda comparison, hold, cool, gap: Terms(
        comparison=comparison,
        threshold=10,
        clear_at=None if gap is None else 10 + (gap if comparison == "below" else -gap),
        hold=timedelta(seconds=hold),
        cool_down=timedelta(seconds=cool),
    ),
    st.sampled_from(["above", "below"]),
    st.integers(0, 600),
    st.integers(0, 600),
    st.one_of(st.none(), st.floats(0, 9)),
)


def run(*looks: tuple[int, float | None], terms: Terms = TERMS) -> list[str]:
    """Return the states after looks at so many seconds from the beginning."""
    standing, found = Standing(), []
    for seconds, value in looks:
        standing = step(standing, value, terms, now=NOW + timedelta(seconds=seconds))
        found.append(standing.state)
    return found


class TestExamples:
    def test_fires_after_the_window_and_clears_on_the_other_side(self):
        assert run((0, 3), (10, 12), (100, 12), (130, 12), (140, 7), (150, 5)) == [
            State.OK, State.PENDING, State.PENDING, State.FIRING, State.FIRING, State.CLEARED
        ]  # fmt: skip

    def test_a_peak_that_passes_is_no_alert(self):
        assert run((0, 12), (60, 9), (70, 12), (180, 12)) == [
            State.PENDING, State.OK, State.PENDING, State.PENDING
        ]  # fmt: skip

    def test_is_quiet_while_it_cools_down(self):
        looks = [(0, 12), (120, 12), (130, 1), (140, 12), (700, 12), (730, 12)]

        assert run(*looks) == [
            State.PENDING, State.FIRING, State.CLEARED, State.PENDING, State.PENDING, State.FIRING
        ]  # fmt: skip
        assert run(*looks[:3], (140, 1), (730, 1))[-2:] == [State.CLEARED, State.OK]

    def test_no_answer_is_not_fine_and_fires_when_it_lasts(self):
        assert run((0, 1), (10, None), (309, None), (310, None), (320, None), (330, 1)) == [
            State.OK, State.NO_ANSWER, State.NO_ANSWER, State.FIRING, State.FIRING, State.CLEARED
        ]  # fmt: skip

    def test_what_fires_goes_on_without_an_answer(self):
        assert run((0, 12), (120, 12), (130, None), (9999, None), (10_000, 12), (10_010, 5)) == [
            State.PENDING, *[State.FIRING] * 4, State.CLEARED
        ]  # fmt: skip

    def test_a_look_without_an_answer_does_not_begin_the_window_anew(self):
        assert run((0, 12), (60, None), (120, 12))[-1] == State.FIRING

    def test_of_nothing_to_watch_nothing_is_left(self):
        firing = Standing(state=State.FIRING, breached_since=NOW)

        assert rest(firing, now=NOW) == Standing(state=State.OK, cleared_at=NOW)


class TestProperties:
    @given(terms, looks)
    def test_promises(self, terms: Terms, looks: list[tuple[int, float | None]]):
        standing, now = Standing(), NOW
        ended: datetime | None = None
        beyond_since: datetime | None = None
        silent_since: datetime | None = None
        for seconds, value in looks:
            now += timedelta(seconds=seconds)
            before, standing = standing, step(standing, value, terms, now=now)
            is_beyond = value is not None and terms.is_breached(value)
            if value is None:
                silent_since = silent_since or now
            else:
                silent_since = None
                beyond_since = (beyond_since or now) if is_beyond else None
            begins = standing.state == State.FIRING != before.state
            ends = before.state == State.FIRING != standing.state
            if begins:  # for a reason that lasted, and never while it cools down
                since = silent_since if value is None else beyond_since
                assert since is not None
                assert now - since >= (SILENCE if value is None else terms.hold)
                assert is_beyond or value is None
                assert ended is None or now - ended >= terms.cool_down
                beyond_since = beyond_since if is_beyond else None
            if ends:
                ended = now
                assert value is not None
                assert not is_beyond
            if value is None:
                assert standing.state in {State.NO_ANSWER, State.FIRING}
            elif standing.state in {State.OK, State.CLEARED}:
                assert not is_beyond

    @given(terms, looks)
    def test_the_same_look_again_begins_and_ends_nothing(
        self, terms: Terms, looks: list[tuple[int, float | None]]
    ):
        standing, now = Standing(), NOW
        for seconds, value in looks:
            now += timedelta(seconds=seconds)
            standing = step(standing, value, terms, now=now)
            again = step(standing, value, terms, now=now)
            assert (again.state == State.FIRING) == (standing.state == State.FIRING)

    @given(terms, looks)
    def test_it_always_finds_back(self, terms: Terms, looks: list[tuple[int, float | None]]):
        standing, now = Standing(), NOW
        for seconds, value in looks:
            now += timedelta(seconds=seconds)
            standing = step(standing, value, terms, now=now)
        fine = 0.0 if terms.comparison == "above" else 1e6
        standing = step(standing, fine, terms, now=now)
        standing = step(standing, fine, terms, now=now + terms.cool_down + timedelta(seconds=1))

        assert standing.state == State.OK
