import asyncio

from hypothesis import given
from hypothesis import strategies as st

from parallagon.core.inbox import LAGGED, Inbox


class TestInbox:
    async def test_gives_messages_in_order(self) -> None:
        inbox = Inbox()
        for number in range(3):
            inbox.put({"number": number})

        assert [(await inbox.get())["number"] for _ in range(3)] == [0, 1, 2]

    async def test_waits_for_one(self) -> None:
        inbox = Inbox()
        waiting = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        assert not waiting.done()

        inbox.put({"number": 1})

        assert await waiting == {"number": 1}

    async def test_that_runs_over_says_so_once_and_goes_on(self) -> None:
        inbox = Inbox(most=2)
        for number in range(4):
            inbox.put({"number": number})

        assert [await inbox.get() for _ in range(2)] == [LAGGED, {"number": 3}]

    @given(st.lists(st.integers(0, 400), max_size=60))
    def test_never_holds_more_than_its_bounds(self, lengths: list[int]) -> None:
        inbox = Inbox(most=5, most_characters=500)

        for length in lengths:
            inbox.put({"text": "x" * length})

            held = list(inbox._messages)
            assert len(held) <= 5
            assert sum(len(one.get("text", "")) for one in held) <= 500
