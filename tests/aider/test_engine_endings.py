"""How runs end that do not end well, and how many of them share an engine."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.aider.engine import Engine, EngineRequest, Limits
from tests.aider.aider_model import ScriptedModel, search_block
from tests.aider.aider_runs import CANARY, SECRETS, Aider, children, children_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]


def busy(engine: Engine) -> bool:
    """Say whether a run is going on in the engine."""
    return engine.health().running > 0


class TestModelFaults:
    @pytest.mark.parametrize(
        ("status", "calls"), [(400, 1), (401, 1), (404, 1), (429, 2), (500, 2), (503, 2)]
    )
    def test_an_error_status_is_a_failure_with_few_calls(
        self, aider: Aider, model: ScriptedModel, status: int, calls: int
    ) -> None:
        for _ in range(5):
            model.enqueue("the provider's words, see http://127.0.0.1:9/help", status=status)

        ran = aider.run({"plan.md": "one\n"})

        assert ran.result.status == "failed"
        assert "the provider's words" in ran.result.reason
        assert len(model.calls) == calls
        assert ran.result.edited == ()
        assert ran.result.seconds < 3

    def test_an_empty_reply_is_a_failure(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("")

        ran = aider.run({"plan.md": "one\n"})

        assert (ran.result.status, ran.result.reason) == ("failed", "the model's reply was empty")

    def test_nobody_listening_is_a_failure(self, aider: Aider) -> None:
        ran = aider.run({"plan.md": "one\n"}, api_base="http://127.0.0.1:9/v1")

        assert ran.result.status == "failed"
        assert "the model call failed" in ran.result.reason
        assert ran.result.seconds < 5

    def test_an_empty_prompt_is_not_sent(self, aider: Aider, model: ScriptedModel) -> None:
        ran = aider.run({"plan.md": "one\n"}, prompt=" \n")

        assert (ran.result.status, ran.result.reason) == ("failed", "the prompt is empty")
        assert model.calls == []


class TestCancel:
    def test_ends_the_run_at_once_and_leaves_no_process(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("The first half. ", "", hold=True)
        asked: list[float] = []

        def should_stop() -> str | None:
            asked.append(time.monotonic())
            return "a person stopped it" if model.is_answering.is_set() else None

        ran = aider.run({"plan.md": "one\n"}, should_stop=should_stop)
        ended = time.monotonic()

        assert (ran.result.status, ran.result.reason) == ("cancelled", "a person stopped it")
        assert ended - asked[-1] < 1
        assert not busy(aider.engine)
        wait_until(lambda: len(children(aider.engine)) == 1)

    def test_is_asked_at_least_ten_times_a_second(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("text", hold=True)
        count = 0
        ends_at = time.monotonic() + 1

        def should_stop() -> str | None:
            nonlocal count
            count += 1
            return "enough" if time.monotonic() > ends_at else None

        aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        assert count >= 10

    def test_an_error_of_the_caller_ends_the_run_and_is_raised(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("text", hold=True)

        def should_stop() -> str | None:
            raise LookupError("the database is gone")

        with pytest.raises(LookupError):
            aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        assert not busy(aider.engine)


class TestLimits:
    def test_the_wall_clock_ends_a_run(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("text", hold=True)

        ran = aider.run({"plan.md": "one\n"}, limits=Limits(wall_seconds=0.5))

        assert ran.result.status == "timed_out"
        assert ran.result.reason == "the run took more than 0.5 s"
        assert 0.5 <= ran.result.seconds < 3
        assert not busy(aider.engine)

    def test_processor_time_ends_a_run(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("word " * 30_000_000)

        ran = aider.run({"plan.md": "one\n"}, limits=Limits(cpu_seconds=1))

        assert ran.result.status == "timed_out"
        assert ran.result.reason == "the run used more than 1 s of processor time"

    def test_a_file_may_not_grow_past_its_limit(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue(search_block("plan.md", "one\n", "x" * 100_000 + "\n"))

        ran = aider.run({"plan.md": "one\n"}, limits=Limits(file_bytes=50_000))

        assert (ran.staging / "plan.md").stat().st_size <= 50_000

    def test_memory_files_and_descriptors_are_bounded(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("text", hold=True)
        seen: list[str] = []

        def should_stop() -> str | None:
            if not model.is_answering.is_set():
                return None
            seen.extend(Path(f"/proc/{pid}/limits").read_text() for pid in children(aider.engine))
            return "seen"

        aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        limits = {tuple(line.split()[1:5]) for text in seen for line in text.splitlines()}
        assert ("address", "space", "2147483648", "2147483648") in limits
        assert ("file", "size", "4194304", "4194304") in limits
        assert ("open", "files", "256", "256") in limits
        assert ("core", "file", "size", "0") in limits


class TestManyAtOnce:
    def test_eight_runs_do_not_mix(self, aider: Aider, model: ScriptedModel) -> None:
        model.default = search_block("plan.md", "one\n", "two\n")

        with ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(lambda n: aider.run({"plan.md": f"{n}\none\n"}), range(24)))

        assert [ran.result.status for ran in runs] == ["completed"] * 24
        assert [ran.text("plan.md") for ran in runs] == [f"{n}\ntwo\n" for n in range(24)]
        wait_until(lambda: len(children(aider.engine)) == 1)

    def test_a_waiting_run_holds_up_no_other(self, aider: Aider, model: ScriptedModel) -> None:
        waiting = model.enqueue("text", hold=True)
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(aider.run, {"plan.md": "one\n"})
            assert model.is_answering.wait(10)

            quick = aider.run({"plan.md": "one\n"})
            assert not slow.done()
            waiting.may_finish.set()

        assert quick.result.status == slow.result().result.status == "completed"
        assert quick.result.seconds < 1

    def test_a_reader_that_dawdles_holds_up_no_other(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("word " * 300_000)
        go_on = threading.Event()

        def on_output(_stream: str, _text: str) -> None:
            go_on.wait(10)

        request: EngineRequest = aider.request({"plan.md": "one\n"})
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(
                aider.engine.run,
                request,
                on_output=on_output,
                should_stop=lambda: None,
            )
            assert model.is_answering.wait(10)

            quick = aider.run({"plan.md": "one\n"})
            go_on.set()

        assert quick.result.status == slow.result().status == "completed"


class TestEnvironment:
    def test_holds_nothing_of_the_parent(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("text", hold=True)
        pid = aider.engine.health().pid
        assert pid is not None
        seen: list[bytes] = []

        def should_stop() -> str | None:
            if not model.is_answering.is_set():
                return None
            for one in (pid, *children_of(pid)):
                for name in ("environ", "cmdline"):
                    seen.append(Path(f"/proc/{one}/{name}").read_bytes())
            return "seen"

        aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        assert len(seen) >= 6
        assert not any(CANARY.encode() in text for text in seen)
        assert not any(name.encode() in text for text in seen for name in SECRETS)
