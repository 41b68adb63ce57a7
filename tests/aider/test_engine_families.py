"""The real Aider through the real gateway, at a scripted provider of each family.

A good reply lands as it was meant; of any other nothing is to be taken, whatever Aider makes of it.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agents.aider.engine import Engine, EngineRequest, Limits
from agents.aider.protocol import EditFormat
from agents.gateway.client import Gateway
from agents.gateway.protocol import Failure, RunReport, Upstream
from tests.aider.aider_model import search_block, whole_block
from tests.aider.aider_runs import Ran
from tests.gateway.gateway_dialects import DIALECTS, Dialect
from tests.gateway.gateway_provider import (
    END,
    Hang,
    Reset,
    Script,
    ScriptedProvider,
    answer,
    chunk,
    head,
)
from tests.gateway.gateway_run import CANARY, QUICK, new_run

BEFORE = "".join(f"Line {number} of the report.\n" for number in range(40))
AFTER = BEFORE.replace("Line 7 ", "Line seven ")
REPLIES: dict[EditFormat, str] = {
    "diff": search_block(
        "report.md", "Line 7 of the report.\n", "Line seven of the report.\n"
    ),
    "whole": whole_block("report.md", AFTER),
}  # fmt: skip
IMPATIENT = replace(QUICK, first_byte_seconds=2, silence_seconds=2)
HTML = answer(200, b"<html>Sign in</html>", "text/html")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine that is warm for every family."""
    engine = Engine(families=[dialect.kind for dialect in DIALECTS])
    engine.start()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    gateway = Gateway(
        environment={dialect.key_variable: CANARY for dialect in DIALECTS}, bounds=IMPATIENT
    )
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    provider = ScriptedProvider()
    yield provider
    provider.close()


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.kind)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@dataclass
class Bench:
    """One engine, one gateway and one provider, for whole runs."""

    engine: Engine
    gateway: Gateway
    provider: ScriptedProvider
    folder: Path

    def run(self, dialect: Dialect, edit_format: EditFormat = "diff") -> tuple[Ran, RunReport]:
        """Let Aider work on the report as a cycle does; return what it made and what was seen."""
        upstream = Upstream(
            kind=dialect.kind,
            base_url=dialect.address(self.provider),
            key_variable=dialect.key_variable,
            model="some-model",
        )
        played = new_run(self.gateway, "", self.folder, upstream=upstream)
        staging, home = (played.directory / name for name in ("staging", "home"))
        for folder in (staging, home):
            folder.mkdir()
        (staging / "report.md").write_text(BEFORE)
        door = self.gateway.door(upstream)
        output: list[tuple[str, str]] = []
        result = self.engine.run(
            EngineRequest(
                run_id=played.run_id,
                model=door.model,
                api_base=door.api_base,
                api_token=played.registration.token,
                edit_format=edit_format,
                prompt="Please do your work.",
                staging=staging,
                editable=("report.md",),
                home=home,
                limits=Limits(wall_seconds=30),
            ),
            on_output=lambda stream, text: output.append((stream, text)),
            should_stop=lambda: self.gateway.verdict(played.run_id),
        )
        return Ran(result, staging, output), played.finish()


@pytest.fixture
def bench(engine: Engine, gateway: Gateway, provider: ScriptedProvider, tmp_path: Path) -> Bench:
    return Bench(engine, gateway, provider, tmp_path)


class TestGoodReply:
    @pytest.mark.parametrize("edit_format", ["diff", "whole"])
    def test_is_applied(self, edit_format: EditFormat, dialect: Dialect, bench: Bench) -> None:
        reply = REPLIES[edit_format]
        pieces = [reply[start : start + 50] for start in range(0, len(reply), 50)]
        body = dialect.begin + b"".join(map(dialect.delta, pieces))
        ending = chunk(dialect.finish(dialect.good) + dialect.end) + END
        bench.provider.play([head(), chunk(body), ending])

        ran, report = bench.run(dialect, edit_format)

        assert (ran.result.status, ran.result.reason) == ("completed", "")
        assert ran.text("report.md") == AFTER
        assert (len(report.calls), report.void) == (1, None)
        (call,) = report.calls
        assert (call.input_tokens, call.output_tokens) == dialect.expected_usage[:2]
        assert len(bench.provider.received) == 1
        assert CANARY not in json.dumps(bench.provider.received[0].body)


class TestCutAnywhere:
    @pytest.mark.parametrize("edit_format", ["diff", "whole"])
    def test_is_void(self, edit_format: EditFormat, dialect: Dialect, bench: Bench) -> None:
        reply = REPLIES[edit_format]
        pieces = [reply[start : start + 20] for start in range(0, len(reply), 20)]
        body = dialect.begin + b"".join(map(dialect.delta, pieces))
        body += dialect.finish(dialect.good) + dialect.end
        # Before the last event's last brace: what follows may be missing without loss.
        last = len(body.rstrip()) - 1
        chance = random.Random(f"{dialect.kind} {edit_format}")  # noqa: S311 - no secret
        for place in [chance.randrange(1, last) for _ in range(20)]:
            script: Script = [
                head(),
                chunk(body[:place]),
                END if chance.random() < 0.5 else Reset(),
            ]
            bench.provider.play(script)

            _, report = bench.run(dialect, edit_format)

            assert report.void is not None, f"cut after {place} of {len(body)} bytes"
            assert report.calls[0].failure in ("cut_off", "malformed", "empty")


def refusal(status: int, **headers: str) -> Callable[[Dialect], Script]:
    def script(dialect: Dialect) -> Script:
        return [answer(status, json.dumps(dialect.error(status)).encode(), **headers)]

    return script


def after_the_edit(*ends: str | None) -> Callable[[Dialect], Script]:
    """Return a script whose reply could be applied, and ends so."""

    def script(dialect: Dialect) -> Script:
        body = dialect.begin + dialect.delta(REPLIES["diff"])
        for end in ends:
            body += dialect.finish(getattr(dialect, end)) if end else dialect.overloaded()
        return [head(), chunk(body + dialect.end), END]

    return script


def ten_megabytes(dialect: Dialect) -> Script:
    piece = chunk(dialect.delta("x" * 100_000))
    return [head(), chunk(dialect.begin + dialect.delta("x")), *[piece] * 100]


FAULTS: dict[str, tuple[Callable[[Dialect], Script], Failure, int]] = {
    "length": (after_the_edit("length"), "reply_too_long", 1),
    "filtered": (after_the_edit("filtered"), "filtered", 1),
    "an error inside": (after_the_edit(None), "overloaded", 1),
    "HTML": (lambda _: [HTML], "malformed", 1),
    "empty": (lambda _: [answer(200, b"")], "empty", 1),
    "malformed JSON": (lambda _: [head(), chunk(b"data: {oops\n\n"), END], "malformed", 1),
    "10 MB": (ten_megabytes, "over_allowance", 1),
    "401": (refusal(401), "unauthorized", 1),
    "403": (refusal(403), "unauthorized", 1),
    "404": (refusal(404), "not_found", 1),
    "408": (refusal(408), "timeout", 1),
    "429": (refusal(429), "rate_limited", 3),
    "429 later": (refusal(429, Retry_After="60"), "rate_limited", 1),
    "500": (refusal(500), "overloaded", 3),
    "503": (refusal(503), "overloaded", 3),
    "529": (refusal(529), "overloaded", 3),
    "reset": (lambda _: [Reset()], "unreachable", 3),
}


class TestFault:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
    def test_is_void_after_one_call(
        self,
        fault: tuple[Callable[[Dialect], Script], Failure, int],
        dialect: Dialect,
        bench: Bench,
    ) -> None:
        script, failure, tries = fault
        bench.provider.play(script(dialect))

        _, report = bench.run(dialect)

        assert report.void is not None
        assert [call.failure for call in report.calls] == [failure]
        assert len(bench.provider.received) == tries

    @pytest.mark.parametrize("is_begun", [False, True], ids=["before", "inside"])
    def test_of_silence_is_void_after_one_call(
        self, is_begun: bool, dialect: Dialect, bench: Bench
    ) -> None:
        beginning = [head(), chunk(dialect.begin + dialect.delta("Once"))] if is_begun else []
        bench.provider.play([*beginning, Hang()])

        _, report = bench.run(dialect)

        assert [call.failure for call in report.calls] == ["timeout"]
