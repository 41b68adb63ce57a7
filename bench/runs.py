"""A hundred runs at once on one machine, each waiting 30 s for its model: ``runs.concurrent``."""

import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

from bench.crowd import LONGEST, Footprint, WaitingModel, begin, pss, queue
from bench.cycle import command, home
from bench.place import installation, make_missions

RUNS = 100
COMMANDS = 3
WAIT = 30.0
MOST = 40.0  # MiB a run


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures."""
    model = WaitingModel()
    with installation():
        from agents.workshop import Workshop

        workshop = Workshop.open({"OPENAI_API_BASE": model.api_base, "OPENAI_API_KEY": "none"})
        try:
            figures = crowd(workshop, model, folder)
        finally:
            workshop.close()
    yield {**figures, **commands(model, folder, value=figures["value"])}
    model.shutdown()


def crowd(workshop: Any, model: WaitingModel, folder: Path) -> dict[str, Any]:
    """Let all runs wait for their model together, then answer and see that each has landed."""
    from agents.models import AgentRun

    run_ids = queue(make_missions(RUNS, model="openai/instant"))
    model.expect(RUNS)
    started = time.perf_counter()
    with ThreadPoolExecutor(RUNS) as pool:
        futures = begin(pool, run_ids, workshop)
        if not model.everyone_waits.wait(LONGEST):
            raise AssertionError("the runs did not wait for their model together")
        together = time.perf_counter() - started
        taken = Footprint.of(workshop, database=folder / "db.sqlite3")
        threading.Event().wait(WAIT)
        answered = time.perf_counter()
        model.may_answer.set()
        for future in futures:
            future.result()
    landed = time.perf_counter() - answered
    runs = AgentRun.objects.filter(pk__in=run_ids)
    outcomes = Counter(runs.values_list("outcome", flat=True))
    value = statistics.mean(taken.children)
    if outcomes != {"changed": RUNS} or value > MOST:
        raise AssertionError(f"{outcomes}, {value:.1f} MiB a run")
    return {
        "name": "runs.concurrent",
        "value": round(value, 1),
        "unit": "MiB PSS a run",
        "runs": RUNS,
        "most": round(max(taken.children), 1),
        "all_runs": round(sum(taken.children)),
        "engine": round(taken.engine, 1),
        "gateway": round(taken.gateway, 1),
        "worker": round(taken.worker, 1),
        "threads": taken.threads,
        "descriptors": taken.descriptors,
        "connections": taken.connections,
        "seconds_until_all_wait": round(together, 1),
        "seconds_until_all_landed": round(landed, 1),
        "wait_seconds": WAIT,
        "sandbox": workshop.engine.health().sandbox,
        "database": "sqlite",
    }


def commands(model: WaitingModel, folder: Path, *, value: float) -> dict[str, Any]:
    """Weigh a few ``aider`` commands that wait for the same model."""
    prompt = folder / "prompt.txt"
    prompt.write_text(model.prompts[-1], encoding="utf-8")
    model.expect(COMMANDS)
    started = time.perf_counter()
    with home(folder) as environment, waiting(model, folder, prompt, environment) as processes:
        if not model.everyone_waits.wait(LONGEST):
            raise AssertionError("the aider commands did not ask their model")
        seconds = time.perf_counter() - started
        versus = statistics.mean(pss(process) for process in processes)
    return {
        "versus": "aider command",
        "versus_value": round(versus, 1),
        "versus_count": COMMANDS,
        "versus_seconds_until_all_wait": round(seconds, 1),
        "ratio": round(versus / value, 1),
    }


@contextmanager
def waiting(
    model: WaitingModel, folder: Path, prompt: Path, environment: dict[str, str]
) -> Iterator[list[psutil.Process]]:
    """Run the commands, and end them."""
    started = []
    try:
        for number in range(COMMANDS):
            place = folder / f"command-{number}"
            place.mkdir()
            (place / "production.md").write_text("# Production\n", encoding="utf-8")
            options = ["--message-file", str(prompt), "--file", "production.md"]
            started.append(
                subprocess.Popen(
                    [*command(SimpleNamespace(model=model)), *options],
                    cwd=place, env=environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
        model.may_answer.set()
