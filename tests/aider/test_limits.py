"""What one run may use: real children that cross each limit, and what is left of them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.aider import sandbox
from agents.aider.engine import Engine, Limits
from tests.aider.aider_model import ScriptedModel
from tests.aider.aider_runs import Aider, Ran, children
from tests.aider.workbench import WORK, workbench_engine
from tests.waiting import wait_until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

IN_TIME = 20.0  # seconds: a limit of one second, and a machine that is busy
WITHOUT_LIMITS = Limits(
    wall_seconds=60, cpu_seconds=60, memory_bytes=3 * 1024**3, file_bytes=200 * 1024**2
)


@pytest.fixture(scope="module")
def bench_engine() -> Iterator[Engine]:
    with workbench_engine() as engine:
        yield engine
        assert engine.health().restarts == 0, "a limit of a run ended the engine"


@pytest.fixture
def bench(bench_engine: Engine, model: ScriptedModel, tmp_path: Path) -> Aider:
    return Aider(bench_engine, model, tmp_path)


def do(bench: Aider, work: str, **changes: Any) -> Ran:
    """Have a child do this, see that it ends in time and that no process is left."""
    values: dict[str, Any] = {"sandbox": "none", "limits": Limits(wall_seconds=60), **changes}

    ran = bench.run({"plan.md": "one\n"}, run_id=WORK + work, **values)

    assert ran.result.seconds < IN_TIME
    assert bench.engine.health().running == 0
    wait_until(lambda: len(children(bench.engine)) == 1)
    assert ran.names() == {"plan.md"}
    assert ran.text("plan.md") == "one\n"
    return ran


class TestTime:
    def test_of_the_processor_ends_a_loop_in_c(self, bench: Aider) -> None:
        ran = do(bench, "match for ever", limits=Limits(cpu_seconds=1))

        assert ran.result.status == "timed_out"
        assert ran.result.reason == "the run used more than 1 s of processor time"

    def test_on_the_clock_ends_a_loop_in_c(self, bench: Aider) -> None:
        ran = do(bench, "match for ever", limits=Limits(wall_seconds=1))

        assert ran.result.status == "timed_out"
        assert ran.result.reason == "the run took more than 1 s"

    def test_on_the_clock_ends_a_wait_for_a_pipe(self, bench: Aider) -> None:
        request = bench.request(
            {"plan.md": "one\n"},
            run_id=f"{WORK}read a pipe",
            limits=Limits(wall_seconds=1),
            sandbox="none",
        )
        os.mkfifo(request.staging / "pipe.md")

        result = bench.engine.run(request, on_output=lambda *_: None, should_stop=lambda: None)

        assert (result.status, result.reason) == ("timed_out", "the run took more than 1 s")
        assert result.seconds < IN_TIME
        wait_until(lambda: len(children(bench.engine)) == 1)


class TestAmounts:
    @pytest.mark.parametrize("work", ["take memory", "read zeros"])
    def test_of_memory_are_bounded(self, bench: Aider, work: str) -> None:
        limits = Limits(wall_seconds=60, memory_bytes=1024**3)

        ran = do(bench, work, limits=limits)

        assert ran.result.status == "crashed"
        assert "MemoryError" in ran.result.reason

    def test_of_bytes_in_a_file_are_bounded(self, bench: Aider) -> None:
        ran = do(bench, "write a big file")

        assert ran.result.status == "crashed"
        assert "File too large" in ran.result.reason
        big = ran.staging.parent / "home" / "big"
        assert big.stat().st_size == Limits().file_bytes

    def test_of_open_files_are_bounded(self, bench: Aider) -> None:
        ran = do(bench, "open many files")

        assert ran.result.status == "crashed"
        assert "Too many open files" in ran.result.reason

    def test_of_threads_are_bounded_by_memory(self, bench: Aider) -> None:
        ran = do(bench, "start many threads", limits=Limits(memory_bytes=1024**3))

        assert ran.result.status == "crashed"
        assert "can't start new thread" in ran.result.reason

    def test_of_output_are_bounded_for_one_who_speaks(self, bench: Aider) -> None:
        limits = Limits(output_bytes=100_000, cpu_seconds=1)

        ran = do(bench, "speak for ever", limits=limits)

        assert ran.result.status == "timed_out"
        assert len(ran.said("log")) < 2 * limits.output_bytes
        assert "(the rest is not shown)" in ran.said("log")

    def test_of_output_are_bounded_for_one_who_will_not_be_bounded(self, bench: Aider) -> None:
        ran = do(bench, "flood the channel", limits=Limits(output_bytes=100_000))

        assert ran.result.status == "failed"
        assert ran.result.reason == "the run wrote more output than it may"


class TestProcesses:
    @pytest.mark.parametrize("work", ["fork and stay", "fork and leave"])
    def test_that_a_run_forked_end_with_it(self, bench: Aider, work: str) -> None:
        ran = do(bench, work)

        forked = Path("/proc", ran.said("log"))
        assert ran.said("log").isdecimal()
        wait_until(lambda: not forked.exists())

    @pytest.mark.skipif(
        sandbox.available_level() == "none", reason="NOT PROVED HERE: no Landlock or seccomp"
    )
    def test_are_not_forked_in_the_sandbox(self, bench: Aider) -> None:
        ran = do(bench, "fork and stay", sandbox="landlock")

        assert ran.result.status == "crashed"
        assert "PermissionError" in ran.result.reason


class TestTheLimits:
    def test_are_what_ended_those_runs(self, bench: Aider) -> None:
        ran = do(bench, "write a big file", limits=WITHOUT_LIMITS)

        assert ran.result.status == "completed"
