"""Every family of providers: what goes on, what comes back, and what makes a run void."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.client import Gateway
from agents.gateway.completeness import StreamJudge, read_body
from agents.gateway.failures import CallFailed
from agents.gateway.families import FAMILIES
from agents.gateway.protocol import Failure, RunReport, Upstream
from tests.gateway.gateway_dialects import (
    DIALECTS,
    PROMPT,
    AnthropicDialect,
    Dialect,
    DialectChild,
    GeminiDialect,
    event,
)
from tests.gateway.gateway_provider import (
    END,
    Hang,
    PassedOn,
    Reset,
    Script,
    ScriptedProvider,
    Step,
    answer,
    chunk,
    head,
)
from tests.gateway.gateway_run import CANARY, QUICK, PlayedRun, new_run

IMPATIENT = replace(QUICK, first_byte_seconds=0.8, silence_seconds=0.8)
TEXT = "Hello, brave new world"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """A gateway with a key for each family, that does not wait long."""
    keys = {dialect.key_variable: f"{CANARY}-{dialect.kind}" for dialect in DIALECTS}
    gateway = Gateway(environment=keys, bounds=IMPATIENT)
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.kind)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@dataclass
class Played:
    """A run at a provider of one family, and the child that calls for it."""

    run: PlayedRun
    child: DialectChild

    def finish(self) -> RunReport:
        return self.run.finish()


Start = Callable[[Dialect], Played]


@pytest.fixture
def start(gateway: Gateway, provider: ScriptedProvider, tmp_path: Path) -> Start:
    def start_run(dialect: Dialect) -> Played:
        upstream = Upstream(
            kind=dialect.kind,
            base_url=dialect.address(provider),
            key_variable=dialect.key_variable,
            model="real-model",
        )
        run = new_run(gateway, "", tmp_path, upstream=upstream)
        address = gateway.door(upstream).api_base
        return Played(run, DialectChild(dialect, address, run.registration.token))

    return start_run


class TestReply:
    @pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "whole"])
    def test_passes_through_unchanged_and_is_counted(
        self, is_stream: bool, dialect: Dialect, provider: ScriptedProvider, start: Start
    ) -> None:
        whole = json.dumps(dialect.whole(TEXT, dialect.good)).encode()
        provider.play(dialect.steps(TEXT) if is_stream else [answer(200, whole)])
        played = start(dialect)

        outcome = played.child.call(is_stream=is_stream)

        assert outcome.body == (dialect.bytes_of(TEXT) if is_stream else whole)
        report = played.finish()
        (call,) = report.calls
        assert (call.is_complete, call.failure, report.void) == (True, None, None)
        assert (
            call.input_tokens,
            call.output_tokens,
            call.cached_tokens,
            call.cache_write_tokens,
        ) == dialect.expected_usage
        assert not call.is_estimated

    @pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "whole"])
    def test_is_asked_for_with_the_real_key_and_model(
        self, is_stream: bool, dialect: Dialect, provider: ScriptedProvider, start: Start
    ) -> None:
        whole = json.dumps(dialect.whole(TEXT, dialect.good)).encode()
        provider.play(dialect.steps(TEXT) if is_stream else [answer(200, whole)])
        played = start(dialect)

        played.child.call(is_stream=is_stream)

        (received,) = provider.received
        key = dialect.token_header(f"{CANARY}-{dialect.kind}")
        assert received.headers[dialect.key_header] == key[dialect.key_header]
        assert played.run.registration.token not in json.dumps(dict(received.headers))
        assert PROMPT in json.dumps(received.body)
        assert "real-model" in received.path + str(received.body.get("model"))
        assert received.path.startswith(dialect.version + "/")

    def test_goes_on_while_it_streams(
        self, dialect: Dialect, provider: ScriptedProvider, start: Start
    ) -> None:
        provider.play(
            [
                head(),
                chunk(dialect.begin + dialect.delta("Hello")),
                PassedOn(),
                chunk(dialect.finish(dialect.good) + dialect.end),
                END,
            ]
        )
        played = start(dialect)

        outcome = played.child.call(on_piece=provider.passed_on.set)

        assert (outcome.status, outcome.is_broken_off) == (200, False)
        assert len(outcome.pieces) >= 2

    def test_needs_the_door_of_its_own_family(self, dialect: Dialect, start: Start) -> None:
        played = start(dialect)
        for other in DIALECTS:
            if other is not dialect:
                root = played.child.address.removesuffix(dialect.child_root) + other.child_root
                stranger = DialectChild(other, root, played.child.token)

                assert stranger.call().status == 400

        assert played.finish().calls == ()

    def test_needs_a_token(self, dialect: Dialect, start: Start) -> None:
        played = start(dialect)

        assert replace(played.child, token="guessed-token-of-a-run").call().status == 401
        assert played.finish().calls == ()

    def test_is_dropped_when_the_child_leaves(
        self, dialect: Dialect, provider: ScriptedProvider, start: Start
    ) -> None:
        provider.play([head(), chunk(dialect.begin + dialect.delta("Hello")), Hang()])
        played = start(dialect)

        def leave() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            played.child.call(on_piece=leave)

        assert provider.left.wait(5)


@dataclass(frozen=True)
class Fault:
    """What a provider of any family does, and what comes of it."""

    script: Callable[[Dialect], Script]
    failure: Failure
    tries: int = 1
    is_stream: bool = True


def refusal(status: int, **headers: str) -> Callable[[Dialect], Script]:
    def script(dialect: Dialect) -> Script:
        return [answer(status, json.dumps(dialect.error(status)).encode(), **headers)]

    return script


def broken_off(*steps: Step | Callable[[Dialect], bytes]) -> Callable[[Dialect], Script]:
    """Return a script that goes wrong after the child got the beginning of a reply."""

    def script(dialect: Dialect) -> Script:
        begun: list[Step] = [
            head(),
            chunk(dialect.begin + dialect.delta("Once upon a time")),
            PassedOn(),
        ]
        return [*begun, *(step(dialect) if callable(step) else step for step in steps)]

    return script


def whole(text: str, reason: str) -> Callable[[Dialect], Script]:
    def script(dialect: Dialect) -> Script:
        body = dialect.whole(text, getattr(dialect, reason))
        return [answer(200, json.dumps(body).encode())]

    return script


def ending(reason: str) -> Callable[[Dialect], bytes]:
    def finish(dialect: Dialect) -> bytes:
        found = getattr(dialect, reason, reason)
        return chunk(dialect.finish(found) + dialect.end) + END

    return finish


HTML = answer(200, b"<html><body>Sign in</body></html>", "text/html")
FAULTS: dict[str, Fault] = {
    "401": Fault(refusal(401), "unauthorized"),
    "403": Fault(refusal(403), "unauthorized"),
    "404": Fault(refusal(404), "not_found"),
    "408": Fault(refusal(408), "timeout"),
    "429": Fault(refusal(429), "rate_limited", tries=3),
    "429 soon": Fault(refusal(429, Retry_After="0"), "rate_limited", tries=3),
    "429 much later": Fault(refusal(429, Retry_After="3600"), "rate_limited"),
    "500": Fault(refusal(500), "overloaded", tries=3),
    "503": Fault(refusal(503), "overloaded", tries=3),
    "529": Fault(refusal(529), "overloaded", tries=3),
    "hang before": Fault(lambda _: [Hang()], "timeout"),
    "hang inside": Fault(broken_off(Hang()), "timeout"),
    "reset inside": Fault(broken_off(Reset()), "cut_off"),
    "clean end without an end": Fault(broken_off(END), "cut_off"),
    "error inside": Fault(
        broken_off(lambda dialect: chunk(dialect.overloaded()), END), "overloaded"
    ),
    "nonsense inside": Fault(broken_off(chunk(b"data: {oops\n\n")), "malformed"),
    "length": Fault(broken_off(ending("length")), "reply_too_long"),
    "filtered": Fault(broken_off(ending("filtered")), "filtered"),
    "unknown reason": Fault(broken_off(ending("tired")), "cut_off"),
    "HTML": Fault(lambda _: [HTML], "malformed"),
    "empty body": Fault(lambda _: [answer(200, b"")], "empty"),
    "no text": Fault(
        lambda d: [head(), chunk(d.begin + d.finish(d.good) + d.end), END], "empty"
    ),
    "whole: HTML": Fault(lambda _: [HTML], "malformed", is_stream=False),
    "whole: empty": Fault(lambda _: [answer(200, b"")], "empty", is_stream=False),
    "whole: other JSON": Fault(lambda _: [answer(200, b"{}")], "malformed", is_stream=False),
    "whole: no text": Fault(whole("", "good"), "empty", is_stream=False),
    "whole: length": Fault(whole("Once", "length"), "reply_too_long", is_stream=False),
    "whole: filtered": Fault(whole("Once", "filtered"), "filtered", is_stream=False),
    "whole: cut": Fault(lambda _: [head(), chunk(b'{"a":'), Reset()], "cut_off", is_stream=False),
}  # fmt: skip


class TestFault:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
    def test_makes_the_run_void(
        self, fault: Fault, dialect: Dialect, provider: ScriptedProvider, start: Start
    ) -> None:
        provider.play(fault.script(dialect))
        played = start(dialect)

        outcome = played.child.call(is_stream=fault.is_stream, on_piece=provider.passed_on.set)
        report = played.finish()

        assert outcome.is_broken_off or outcome.status == 400
        (call,) = report.calls
        assert (call.failure, call.is_complete) == (fault.failure, False)
        assert report.void == call.detail
        assert len(provider.received) == fault.tries


class TestAnthropic:
    def test_without_its_end_mark_is_cut_off(
        self, provider: ScriptedProvider, start: Start
    ) -> None:
        dialect = AnthropicDialect()
        body = dialect.begin + dialect.delta("x") + dialect.finish("end_turn")
        provider.play([head(), chunk(body), END])
        played = start(dialect)

        played.child.call()

        assert played.finish().calls[0].failure == "cut_off"

    def test_names_the_version_of_the_protocol(
        self, provider: ScriptedProvider, start: Start
    ) -> None:
        provider.play(AnthropicDialect().steps(TEXT))

        start(AnthropicDialect()).child.call()

        assert provider.received[0].headers["anthropic-version"] == "2023-06-01"

    @pytest.mark.parametrize(
        ("kind", "failure"),
        [
            ("overloaded_error", "overloaded"),
            ("api_error", "overloaded"),
            ("rate_limit_error", "rate_limited"),
            ("timeout_error", "timeout"),
            ("authentication_error", "unauthorized"),
            ("invalid_request_error", "cut_off"),
        ],
    )
    def test_says_what_an_error_inside_a_stream_is(self, kind: str, failure: str) -> None:
        judge = StreamJudge(FAMILIES["anthropic"].new_reply())
        error = {"type": "error", "error": {"type": kind, "message": "no"}}

        with pytest.raises(CallFailed) as raised:
            judge.feed(AnthropicDialect().begin + event(error, "error"))

        assert raised.value.failure == failure

    def test_of_a_prompt_that_is_too_long_says_so(
        self, provider: ScriptedProvider, start: Start
    ) -> None:
        error = AnthropicDialect().error(400, "prompt is too long: 210000 tokens > 200000 maximum")
        provider.play([answer(400, json.dumps(error).encode())])
        played = start(AnthropicDialect())

        played.child.call()

        assert played.finish().calls[0].failure == "context_too_long"

    def test_counts_thoughts_and_tools_while_they_stream(self) -> None:
        reply = FAMILIES["anthropic"].new_reply()
        judge = StreamJudge(reply)
        thought = {"type": "thinking_delta", "thinking": "x" * 40}
        judge.feed(AnthropicDialect().begin)
        judge.feed(event({"type": "content_block_delta", "delta": thought}))
        tool = {"type": "input_json_delta", "partial_json": "y" * 60}
        judge.feed(event({"type": "content_block_delta", "delta": tool}))

        assert (reply.characters, reply.text, reply.has_tool_calls) == (100, "", True)
        assert reply.usage is not None
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (100, None)


class TestGemini:
    def test_whose_prompt_was_blocked_is_filtered(
        self, provider: ScriptedProvider, start: Start
    ) -> None:
        blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
        provider.play([head(), chunk(event(blocked)), END])
        played = start(GeminiDialect())

        played.child.call()

        (call,) = played.finish().calls
        assert call.failure == "filtered"
        assert "PROHIBITED_CONTENT" in call.detail

    def test_with_an_unknown_key_is_unauthorized(
        self, provider: ScriptedProvider, start: Start
    ) -> None:
        error = GeminiDialect().error(400, "API key not valid. Please pass a valid API key.")
        provider.play([answer(400, json.dumps(error).encode())])
        played = start(GeminiDialect())

        played.child.call()

        assert played.finish().calls[0].failure == "unauthorized"

    @pytest.mark.parametrize(("delay", "tries"), [("0.01s", 3), ("3600s", 1), ("soon", 3)])
    def test_asks_in_its_body_to_wait(
        self, delay: str, tries: int, provider: ScriptedProvider, start: Start
    ) -> None:
        error = GeminiDialect().error(429)
        error["error"]["details"] = [{"@type": "…/RetryInfo", "retryDelay": delay}]
        provider.play([answer(429, json.dumps(error).encode())])
        played = start(GeminiDialect())

        played.child.call()

        assert len(provider.received) == tries

    def test_whose_last_event_is_not_whole_is_cut_off(
        self, provider: ScriptedProvider, start: Start
    ) -> None:
        dialect = GeminiDialect()
        body = dialect.delta("Once") + dialect.finish("STOP")[:-10]
        provider.play([head(), chunk(body), END])
        played = start(dialect)

        played.child.call()

        assert played.finish().calls[0].failure == "cut_off"

    def test_takes_no_thought_for_a_reply(self) -> None:
        thought = {"content": {"parts": [{"text": "x" * 40, "thought": True}]}}
        judge = StreamJudge(FAMILIES["gemini"].new_reply())
        judge.feed(event({"candidates": [{**thought, "finishReason": "STOP"}]}))

        assert judge.reply.characters == 40
        with pytest.raises(CallFailed, match="empty"):
            judge.end()


NAMES = st.sampled_from(
    [
        *("type", "message", "delta", "content_block", "content", "usage", "stop_reason", "error"),
        *("candidates", "parts", "text", "finishReason", "promptFeedback", "usageMetadata"),
        *("blockReason", "functionCall", "index", "message_start", "message_delta", "text_delta"),
    ]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
)


class TestAnyBytes:
    @given(values=ANY_JSON, kind=NAMES)
    @pytest.mark.parametrize("family", FAMILIES)
    def test_fail_as_calls_do_or_not_at_all(self, family: str, values: object, kind: str) -> None:
        typed = {**values, "type": kind} if isinstance(values, dict) else values
        for read in (_stream, _whole):
            try:
                read(family, typed)
            except CallFailed:
                continue

    @given(data=st.data())
    @pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.kind)
    def test_of_a_part_of_a_reply_are_never_complete(
        self, dialect: Dialect, data: st.DataObject
    ) -> None:
        body = dialect.bytes_of(TEXT)
        # What may be missing without loss: the newlines of the last event.
        length = data.draw(st.integers(0, len(body) - len(b"\n\n") - 1))
        judge = StreamJudge(FAMILIES[dialect.kind].new_reply())

        with pytest.raises(CallFailed) as raised:
            _end(judge, body[:length])

        assert raised.value.failure in ("cut_off", "empty", "malformed")


def _end(judge: StreamJudge, body: bytes) -> None:
    judge.feed(body)
    judge.end()


def _stream(family: str, values: object) -> None:
    _end(StreamJudge(FAMILIES[family].new_reply()), event(values))


def _whole(family: str, values: object) -> None:
    read_body(json.dumps(values).encode(), FAMILIES[family].new_reply()).judge()
