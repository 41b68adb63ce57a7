"""Pure rules: parsing events, judging replies, reading records."""

from __future__ import annotations

import itertools
import json
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.completeness import StreamJudge, read_body
from agents.gateway.failures import CallFailed
from agents.gateway.families.openai import OpenAIReply
from agents.gateway.http_upstream import retry_after
from agents.gateway.protocol import CALLS_FILE, CallRecord, Failure, read_calls
from agents.gateway.sse import EventParser
from tests.gateway.gateway_provider import DONE, delta, event, finish, usage

CALL = CallRecord(
    number=1,
    started_at=1.5,
    seconds=0.25,
    status=200,
    input_tokens=1,
    output_tokens=2,
    cached_tokens=None,
    is_estimated=False,
    finish_reason="stop",
    is_complete=True,
    failure=None,
    detail="",
)


KEYS = [
    *("choices", "delta", "message", "index", "finish_reason"),
    *("usage", "content", "tool_calls", "error"),
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut the data at these places (modulo its length)."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


class TestEventParser:
    @given(
        texts=st.lists(
            st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))
        ),
        newline=st.sampled_from([b"\n", b"\r\n", b"\r"]),
        cuts=st.lists(st.integers(0, 10_000)),
    )
    def test_finds_the_same_events_however_the_bytes_arrive(
        self, texts: list[str], newline: bytes, cuts: list[int]
    ) -> None:
        lines = [b"data: " + text.encode() + newline + newline for text in texts]
        parser = EventParser()

        events = [one for piece in pieces_of(b"".join(lines), cuts) for one in parser.feed(piece)]

        assert events + parser.end() == [text.encode() for text in texts]

    @given(data=st.binary(), cuts=st.lists(st.integers(0, 10_000)))
    def test_does_not_depend_on_the_cuts_for_any_bytes(self, data: bytes, cuts: list[int]) -> None:
        whole, cut = EventParser(), EventParser()

        expected = whole.feed(data) + whole.end()

        assert [
            e for piece in pieces_of(data, cuts) for e in cut.feed(piece)
        ] + cut.end() == expected

    def test_joins_lines_and_passes_over_the_rest(self) -> None:
        parser = EventParser()

        events = parser.feed(b": hello\nevent: x\nid: 1\ndata:one\ndata: two\nretry: 3\n\n\n\n")

        assert events == [b"one\ntwo"]

    def test_takes_a_last_event_without_newlines(self) -> None:
        parser = EventParser()

        assert parser.feed(b"data: [DONE]") == []
        assert parser.end() == [b"[DONE]"]


def judge_stream(pieces: list[bytes]) -> StreamJudge:
    judge = StreamJudge(OpenAIReply())
    for piece in pieces:
        judge.feed(piece)
    judge.end()
    return judge


class TestStreamJudge:
    STREAM = delta("Hello, ") + delta("wörld") + finish() + usage(5) + DONE

    @given(cuts=st.lists(st.integers(0, 10_000)))
    def test_finds_a_whole_reply_complete_however_it_arrives(self, cuts: list[int]) -> None:
        reply = judge_stream(pieces_of(self.STREAM, cuts)).reply

        assert (reply.text, reply.finish_reason, reply.is_done) == ("Hello, wörld", "stop", True)
        assert reply.usage is not None
        assert reply.usage.output_tokens == 5

    @given(
        length=st.integers(0, len(STREAM) - len("[DONE]\n\n")),
        cuts=st.lists(st.integers(0, 10_000)),
    )
    def test_never_finds_a_part_of_it_complete(self, length: int, cuts: list[int]) -> None:
        with pytest.raises(CallFailed) as raised:
            judge_stream(pieces_of(self.STREAM[:length], cuts))

        assert raised.value.failure in ("cut_off", "empty", "malformed")

    @given(data=st.binary())
    def test_never_finds_noise_complete(self, data: bytes) -> None:
        with pytest.raises(CallFailed):
            judge_stream([data])

    def test_wants_every_choice_to_end(self) -> None:
        other = event({"choices": [{"index": 1, "delta": {"content": "x"}}]})

        with pytest.raises(CallFailed, match="cut off"):
            judge_stream([delta("y") + other + finish() + DONE])

    def test_counts_reasoning_but_does_not_take_it_for_a_reply(self) -> None:
        thought = event({"choices": [{"index": 0, "delta": {"reasoning_content": "x" * 40}}]})
        judge = StreamJudge(OpenAIReply())
        judge.feed(thought + finish() + DONE)

        assert judge.reply.characters == 40
        with pytest.raises(CallFailed, match="empty"):
            judge.end()

    @pytest.mark.parametrize("number", [-1, True, "5", 1.5, None, [], {}])
    def test_does_not_take_nonsense_for_a_count(self, number: object) -> None:
        odd = event({"choices": [], "usage": {"completion_tokens": number}})

        reply = judge_stream([delta("x") + finish() + odd + DONE]).reply

        assert reply.usage is not None
        assert reply.usage.output_tokens is None

    @given(values=ANY_JSON)
    def test_survives_any_json(self, values: object) -> None:
        with suppress(CallFailed):
            judge_stream([event(values) + DONE])


class TestReadBody:
    @given(values=ANY_JSON)
    def test_survives_any_json(self, values: object) -> None:
        with suppress(CallFailed):
            read_body(json.dumps(values).encode(), OpenAIReply()).judge()

    def test_knows_a_refusal(self) -> None:
        message = {"content": None, "refusal": "I cannot help with that"}
        body = {"choices": [{"message": message, "finish_reason": "stop"}]}

        with pytest.raises(CallFailed, match="refused"):
            read_body(json.dumps(body).encode(), OpenAIReply()).judge()


class TestReadCalls:
    def test_knows_no_calls_where_there_is_no_file(self, tmp_path: Path) -> None:
        assert read_calls(tmp_path) == ()

    @given(cut=st.integers(0, 2_000))
    def test_takes_each_call_as_last_recorded_and_no_torn_line(self, cut: int) -> None:
        records = [replace(CALL, is_complete=False), CALL, replace(CALL, number=2)]
        lines = [json.dumps(record.to_json()).encode() + b"\n" for record in records]
        data = b"".join(lines)[:cut]
        whole = data.count(b"}")

        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / CALLS_FILE).write_bytes(data)
            calls = read_calls(Path(folder))

        expected = {0: (), 1: (records[0],), 2: (CALL,), 3: (CALL, records[2])}
        assert calls == expected[whole]

    @given(tokens=st.lists(st.integers(0, 10**6), max_size=20), cut=st.integers(0, 3_000))
    def test_adds_what_is_new_to_what_was_recorded(self, tokens: list[int], cut: int) -> None:
        records = [CALL, *(replace(CALL, output_tokens=count, cost=str(count)) for count in tokens)]
        told = zip([None, *records], records, strict=False)
        lines = [json.dumps(new.since(known)).encode() + b"\n" for known, new in told]
        data = b"".join(lines)[:cut]
        whole = data.count(b"}")

        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / CALLS_FILE).write_bytes(data)
            calls = read_calls(Path(folder))

        assert calls == ((records[whole - 1],) if whole else ())

    @pytest.mark.parametrize("line", [b"[]", b"{}", b'{"number": 1}', b"\xff", b"null"])
    def test_passes_over_lines_that_are_no_calls(self, line: bytes, tmp_path: Path) -> None:
        (tmp_path / CALLS_FILE).write_bytes(line + b"\n" + json.dumps(CALL.to_json()).encode())

        assert read_calls(tmp_path) == (CALL,)


class TestWasMade:
    @pytest.mark.parametrize(
        ("failure", "status", "was_made"),
        [
            (None, 200, True),
            (None, None, True),  # asked, and not answered yet
            ("unreachable", None, True),
            ("over_allowance", 200, True),  # broken off in the middle of its reply
            ("over_allowance", None, False),
        ],
    )
    def test_is_true_of_all_that_anyone_was_asked(
        self, failure: Failure | None, status: int | None, was_made: bool
    ) -> None:
        assert replace(CALL, failure=failure, status=status).was_made is was_made


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, None),
            ({"Retry-After": "3"}, 3),
            ({"Retry-After": "1.5"}, 1.5),
            ({"retry-after-ms": "250"}, 0.25),
            ({"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90),
            ({"Retry-After": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0),
            ({"Retry-After": "soon"}, None),
            ({"Retry-After": "-3"}, None),
            ({"Retry-After": "nan"}, None),
            ({"Retry-After": "inf"}, None),
        ],
    )
    def test_is_read_in_all_its_forms(self, headers: dict[str, str], seconds: float | None) -> None:
        assert retry_after(headers, now=10.0) == seconds

    @given(value=st.text())
    def test_survives_anything(self, value: str) -> None:
        seconds = retry_after({"Retry-After": value}, now=10.0)

        assert seconds is None or seconds >= 0
