"""How long to wait before a process that ended is started again."""

from hypothesis import given
from hypothesis import strategies as st

from parallagon.supervisor.backoff import Backoff


class TestBackoff:
    def test_doubles_up_to_its_longest(self) -> None:
        backoff = Backoff(first=0.5, longest=4)

        delays = [backoff.next_delay(lived=1) for _ in range(6)]

        assert delays == [0.5, 1, 2, 4, 4, 4]

    def test_forgets_after_a_stretch_of_health(self) -> None:
        backoff = Backoff(first=0.5, healthy_after=60)
        for _ in range(5):
            backoff.next_delay(lived=1)

        assert backoff.next_delay(lived=60) == 0.5

    @given(st.lists(st.floats(min_value=0, max_value=120), max_size=200))
    def test_never_waits_longer_than_its_longest(self, lives: list[float]) -> None:
        backoff = Backoff()

        assert all(0 < backoff.next_delay(lived=lived) <= backoff.longest for lived in lives)
