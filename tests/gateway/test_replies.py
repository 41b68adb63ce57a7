"""What is kept of replies byte for byte: all of it, no key, and only so much."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway import records, replies
from agents.gateway.answers import Question
from agents.gateway.failures import CallFailed
from agents.gateway.keys import Scrubber
from agents.gateway.protocol import Upstream
from agents.gateway.records import RunFiles
from agents.gateway.replay_upstream import ReplayUpstream
from agents.gateway.replies import KeptReply, RepliesDamaged, Tape, read_replies

KEY = "sk-canary-1d7be2"


def tape_of(*chunks: bytes) -> Tape:
    tape = Tape("text/event-stream")
    for chunk in chunks:
        tape.add(chunk)
    return tape


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    scrubber = Scrubber()
    scrubber.learn([KEY])
    return RunFiles(tmp_path, scrubber)


@given(st.lists(st.binary()), st.text())
def test_a_reply_survives_as_it_came(chunks: list[bytes], content_type: str) -> None:
    reply = KeptReply(call=3, content_type=content_type, chunks=tuple(chunks))

    assert KeptReply.from_json(reply.to_json()) == reply


class TestKept:
    def test_are_the_bytes_of_each_call(self, files: RunFiles, tmp_path: Path):
        files.replay(1, tape_of(b"data: \xc3", b"\xa9\n\n"), "é")
        files.replay(2, tape_of(b"{}"), "")

        kept = read_replies(tmp_path / "replies.jsonl")

        assert [kept[1].chunks, kept[2].chunks] == [(b"data: \xc3", b"\xa9\n\n"), (b"{}",)]
        assert kept[1].content_type == "text/event-stream"

    @pytest.mark.parametrize(
        ("chunks", "text"),
        [((f"a {KEY[:5]}".encode(), KEY[5:].encode()), ""), ((b"sk-", b"..."), f"a {KEY}")],
    )
    def test_is_nothing_where_a_key_is_spelled(
        self, files: RunFiles, tmp_path: Path, chunks: tuple[bytes, ...], text: str
    ):
        files.replay(1, tape_of(*chunks), text)

        kept = read_replies(tmp_path / "replies.jsonl")[1]

        assert (kept.chunks, kept.left_out) == ((), replies.SECRET)

    def test_is_only_so_much_of_a_run(
        self, files: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(records, "REPLIES_BYTES", 10)
        for call in (1, 2, 3):
            files.replay(call, tape_of(b"x" * 6), "x")

        kept = read_replies(tmp_path / "replies.jsonl")

        assert [kept[call].left_out for call in (1, 2, 3)] == ["", *[replies.TOO_LONG] * 2]

    def test_is_nothing_of_a_reply_too_long_to_be_held(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(replies, "REPLIES_BYTES", 10)

        assert tape_of(b"x" * 6, b"y" * 6).chunks == ()

    def test_never_fails_the_call(self, files: RunFiles, tmp_path: Path):
        files.close()

        files.replay(1, tape_of(b"x"), "x")

        assert read_replies(tmp_path / "replies.jsonl") == {}


@pytest.mark.parametrize("kept", [b"", b"{\n", None])
def test_a_call_without_a_kept_reply_is_refused(tmp_path: Path, kept: bytes | None) -> None:
    path = tmp_path / "replies.jsonl"
    if kept is not None:
        path.write_bytes(kept)
    upstream = Upstream(kind="replay", base_url=str(path), model="m", family="openai")
    question = Question(upstream=upstream, key=None, body={}, is_stream=True, number=2)

    with pytest.raises(CallFailed) as refusal:
        asyncio.run(ReplayUpstream().ask(question))

    assert refusal.value.failure == "refused"


@pytest.mark.parametrize("line", ["{", "[]", '{"call": 1}', '{"call": "x"}', "[" * 10**5])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text(line + "\n")

    with pytest.raises(RepliesDamaged, match=r"line 1 of replies.jsonl"):
        read_replies(path)
