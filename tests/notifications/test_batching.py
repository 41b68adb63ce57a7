"""What goes together: nothing lost, nothing twice, urgent never waits, order kept."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifications.batching import MOST, WINDOW, Waiting, due

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

one = st.builds(
    Waiting,
    pk=st.integers(1, 10_000),
    user=st.integers(1, 3),
    channel=st.sampled_from(["email", "slack"]),
    is_urgent=st.booleans() | st.just(False),
    since=st.integers(0, 120).map(lambda seconds: NOW - timedelta(seconds=seconds)),
)
many = st.lists(one, max_size=90, unique_by=lambda waiting: waiting.pk)


@given(many)
def test_nothing_twice_and_nothing_that_was_not_given(waiting: list[Waiting]) -> None:
    sent = [pk for batch in due(waiting, now=NOW) for pk in batch.pks]

    assert len(sent) == len(set(sent))
    assert set(sent) <= {waiting.pk for waiting in waiting}


@given(many)
def test_nothing_is_lost_once_the_window_is_over(waiting: list[Waiting]) -> None:
    now = NOW
    left = {one.pk: one for one in waiting}
    for batch in due(waiting, now=now):
        for pk in batch.pks:
            del left[pk]
    for batch in due(left.values(), now=now + WINDOW):
        for pk in batch.pks:
            del left[pk]

    assert not left


@given(many)
def test_urgent_never_waits(waiting: list[Waiting]) -> None:
    sent = {pk for batch in due(waiting, now=NOW) for pk in batch.pks}

    assert {one.pk for one in waiting if one.is_urgent} <= sent


@given(many)
def test_each_batch_is_of_one_person_and_channel_and_bounded(waiting: list[Waiting]) -> None:
    by_pk = {one.pk: one for one in waiting}

    for batch in due(waiting, now=NOW):
        assert 1 <= len(batch.pks) <= MOST
        assert {(by_pk[pk].user, by_pk[pk].channel) for pk in batch.pks} == {
            (batch.user, batch.channel)
        }


@given(many)
def test_order_is_kept_for_each_person_and_channel(waiting: list[Waiting]) -> None:
    by_pk = {one.pk: one for one in waiting}
    sent: dict[tuple[int, str], list[tuple[datetime, int]]] = {}
    for batch in due(waiting, now=NOW):
        for pk in batch.pks:
            key = (batch.user, batch.channel)
            sent.setdefault(key, []).append((by_pk[pk].since, pk))

    assert all(order == sorted(order) for order in sent.values())


@given(many)
def test_what_is_neither_urgent_nor_many_waits_for_the_window(waiting: list[Waiting]) -> None:
    calm = [
        Waiting(pk=one.pk, user=one.user, channel=one.channel, is_urgent=False, since=NOW)
        for one in waiting
    ]

    for batch in due(calm, now=NOW + WINDOW - timedelta(microseconds=1)):
        same = [one for one in calm if (one.user, one.channel) == (batch.user, batch.channel)]
        assert len(same) >= MOST
