import itertools
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from missions.onlookers.bursts import WINDOW, Bursts, Item


def event(seq: int, kind: str = "file.changed", **data: Any) -> Item:
    return Item(seq=seq, covers=seq, kind=kind, data=data, text=str(seq), since=seq - 1)


def edit(seq: int, path: str = "a.md") -> Item:
    return event(seq, path=path)


def play(arrivals: list[tuple[float, Item]]) -> list[tuple[float, Item]]:
    """Let events arrive at their times; return when each frame left, as a room lets them."""
    bursts = Bursts()
    left: list[tuple[float, Item]] = []
    timer: float | None = None

    def release(now: float) -> None:
        nonlocal timer
        left.extend((now, item) for item in bursts.release(now))
        timer = bursts.next_at()

    for at, item in arrivals:
        while timer is not None and timer <= at:
            release(timer)
        bursts.take(item)
        if timer is None:
            release(at)
    while timer is not None:
        release(timer)
    return left


def numbers(left: list[tuple[float, Item]]) -> list[tuple[float, int, int]]:
    return [(round(at, 3), item.covers, item.seq) for at, item in left]


class TestBursts:
    def test_the_first_change_leaves_at_once_and_the_last_state_after_the_window(self) -> None:
        arrivals = [(number / 100, edit(number + 1)) for number in range(10)]

        assert numbers(play(arrivals)) == [(0.0, 1, 1), (WINDOW, 2, 10)]

    def test_what_comes_after_a_change_that_waits_keeps_its_place(self) -> None:
        arrivals = [(0.0, edit(1)), (0.01, edit(2)), (0.02, event(3, "run.started"))]

        assert numbers(play(arrivals)) == [(0.0, 1, 1), (WINDOW, 2, 2), (WINDOW, 3, 3)]

    def test_other_files_are_not_held_up_without_need(self) -> None:
        arrivals = [(0.0, edit(1)), (0.01, edit(2, "b.md")), (0.02, edit(3, "c.md"))]

        assert [at for at, _item in play(arrivals)] == [0.0, 0.01, 0.02]

    def test_says_which_revision_a_merged_frame_began_with(self) -> None:
        [_first, (_at, merged)] = play([(0.0, edit(1)), (0.01, edit(2)), (0.02, edit(3))])

        assert merged.since == 1

    def test_a_removal_and_what_comes_after_it_are_told(self) -> None:
        arrivals = [
            (0.0, edit(1)),
            (0.01, edit(2)),
            (0.02, event(3, "file.removed", path="a.md")),
            (0.03, edit(4)),
        ]

        assert numbers(play(arrivals)) == [(0.0, 1, 1), (WINDOW, 2, 3), (WINDOW, 4, 4)]

    def test_covers_no_number_that_was_never_heard(self) -> None:
        arrivals = [(0.0, edit(1)), (0.01, edit(2)), (0.02, edit(4))]

        assert numbers(play(arrivals)) == [(0.0, 1, 1), (WINDOW, 4, 4)]

    @given(
        st.lists(
            st.tuples(st.floats(0, 0.3), st.sampled_from(["a.md", "b.md", "c.md", "", "-a.md"])),
            max_size=40,
        )
    )
    def test_keeps_its_promises(self, steps: list[tuple[float, str]]) -> None:
        """Order, at most one frame a file and window, nothing waits longer, nothing is lost."""
        now, arrivals = 0.0, []
        for seq, (pause, what) in enumerate(steps, start=1):
            now += pause
            arrivals.append((now, made(seq, what)))
        left = play(arrivals)

        told = [(item.covers, item.seq) for _at, item in left]
        assert [first for first, _last in told] == [1, *(last + 1 for _, last in told[:-1])][
            : len(told)
        ]
        assert (told[-1][1] if told else 0) == len(steps)
        arrived = {item.seq: at for at, item in arrivals}
        assert all(at <= arrived[item.seq] + WINDOW + 1e-9 for at, item in left)
        for path in ("a.md", "b.md", "c.md"):
            times = [at for at, item in left if item.edited == path]
            assert all(b - a > WINDOW - 1e-9 for a, b in itertools.pairwise(times))
            assert final(arrivals, path) == final(left, path)


def made(seq: int, what: str) -> Item:
    if not what:
        return event(seq, "run.started")
    return event(seq, "file.removed", path=what[1:]) if what[0] == "-" else edit(seq, what)


def final(items: list[tuple[float, Item]], path: str) -> Mapping[str, Any] | int | None:
    """Return the number of the last that was said of a file."""
    return next((item.seq for _at, item in reversed(items) if item.data.get("path") == path), None)
