"""From how requests went to what share of its rate everybody gets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parallagon.core.limits.pressure import (
    BOUNDS,
    FAILED,
    FEWEST,
    STEPS,
    Ease,
    Policy,
    Pressure,
    eased,
    place_of,
    pressure_of,
)

POLICY = Policy(slow=1.0, least=0.25)
PRESSED = Pressure(count=100, p95=2.0)
CALM = Pressure(count=100, p95=0.1)
BETWEEN = Pressure(count=100, p95=0.75)
pressures = st.builds(
    Pressure,
    count=st.integers(0, 200),
    p95=st.sampled_from((0.0, *BOUNDS)),
    failed=st.integers(0, 20),
)


def shares(seconds: list[Pressure], *, policy: Policy = POLICY) -> list[float]:
    """Return the share before the first second and after each."""
    ease = Ease()
    found = [ease.share]
    for pressure in seconds:
        ease = eased(ease, pressure, policy)
        found.append(ease.share)
    return found


class TestEased:
    @given(st.lists(pressures, max_size=100), st.floats(0.01, 1))
    def test_stays_within_its_bounds(self, seconds: list[Pressure], least: float) -> None:
        policy = Policy(least=least)

        assert all(least <= share <= 1 for share in shares(seconds, policy=policy))

    @given(st.lists(pressures, max_size=100))
    def test_changes_once_in_five_steps_at_most(self, seconds: list[Pressure]) -> None:
        """However pressure swings, the share cannot."""
        found = shares(seconds)

        changed = [step for step, (one, other) in enumerate(pairwise(found)) if one != other]

        assert all(later - earlier >= STEPS for earlier, later in pairwise(changed))

    @given(st.lists(pressures, max_size=30))
    def test_goes_down_to_the_least_under_lasting_pressure(self, seconds: list[Pressure]) -> None:
        found = shares([*seconds, *[PRESSED] * 40])

        end = found[len(seconds) :]
        assert all(earlier >= later for earlier, later in pairwise(end))
        assert end[-1] == POLICY.least

    @given(st.lists(pressures, max_size=30))
    def test_comes_back_whole_once_all_is_calm(self, seconds: list[Pressure]) -> None:
        found = shares([*seconds, *[CALM] * 60])

        end = found[len(seconds) :]
        assert all(earlier <= later for earlier, later in pairwise(end))
        assert end[-1] == 1

    @given(st.lists(pressures, max_size=30))
    def test_stays_where_it_is_between_pressed_and_calm(self, seconds: list[Pressure]) -> None:
        """Nothing tightens and relaxes by turns under one and the same load."""
        found = shares([*seconds, *[BETWEEN] * 30])

        assert len(set(found[len(seconds) :])) == 1

    def test_tightens_at_once(self) -> None:
        assert shares([PRESSED])[-1] < 1

    def test_tightens_as_answers_fail(self) -> None:
        failing = Pressure(count=100, p95=0.05, failed=20)

        assert shares([failing])[-1] < 1

    def test_does_not_take_a_few_slow_requests_for_pressure(self) -> None:
        few = Pressure(count=FEWEST - 1, p95=30.0, failed=FEWEST - 1)

        assert shares([few] * 20)[-1] == 1


class TestPressureOf:
    def test_no_answers_are_no_pressure(self) -> None:
        assert pressure_of([]) == Pressure()

    @given(st.lists(st.dictionaries(st.integers(0, FAILED - 1), st.integers(1, 50)), max_size=5))
    def test_p95_is_the_least_bound_that_95_of_100_did_not_pass(
        self, seconds: list[dict[int, int]]
    ) -> None:
        found = pressure_of(seconds)

        def within(bound: float) -> int:
            return sum(n for one in seconds for place, n in one.items() if BOUNDS[place] <= bound)

        assert found.count == sum(sum(one.values()) for one in seconds)
        if found.count:
            least = BOUNDS.index(found.p95)
            assert within(found.p95) >= 0.95 * found.count
            assert least == 0 or within(BOUNDS[least - 1]) < 0.95 * found.count

    @given(st.floats(0, 1000))
    def test_an_answer_is_counted_by_a_bound_that_it_did_not_pass(self, seconds: float) -> None:
        assert seconds <= BOUNDS[place_of(seconds)] or seconds > BOUNDS[-1]

    def test_counts_failures_beside(self) -> None:
        found = pressure_of([{place_of(0.1): 8, FAILED: 2}, {place_of(0.1): 2}])

        assert (found.count, found.failed, found.share_failed) == (10, 2, 0.2)
