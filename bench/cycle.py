"""What a cycle costs beside the model: ``cycle.overhead`` and ``cycle.skip``.

``cycle.overhead`` lets a whole cycle run (claim, lease, copy, real Aider in the sandbox, gateway,
checks, landing, frame to a subscriber) with a model that answers at once, and runs the ``aider``
command with the same files, prompt, reply and model server.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import percentile

RUNS = 30
SKIPS = 100


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of both benchmarks."""
    from bench.stage import Stage

    with Stage.open(folder) as stage:
        yield overhead(stage, folder)
        yield skip(stage)


def overhead(stage: Any, folder: Path) -> dict[str, Any]:
    """Time whole cycles, then the same work by the command."""
    for number in range(3):
        stage.cycle(number)
    times = [stage.cycle(number) for number in range(3, 3 + RUNS)]
    value = statistics.median(times)
    versus = aider_command(stage, folder)
    return {
        "name": "cycle.overhead",
        "value": round(value, 1),
        "p95": round(percentile(times, 95), 1),
        "unit": "ms",
        "versus": "aider command",
        "versus_value": round(versus, 1),
        "ratio": round(versus / value, 1),
        "runs": RUNS,
        "sandbox": stage.workshop.engine.health().sandbox,
        "database": "sqlite",
    }


def skip(stage: Any) -> dict[str, Any]:
    """Time cycles that have no reason to begin; the engine's own counter says it did not fork."""
    stage.make_pointless()
    before = stage.workshop.engine.health().forks
    times = [stage.skip() for _ in range(SKIPS)]
    forks = stage.workshop.engine.health().forks - before
    if forks:
        raise AssertionError(f"{forks} forks in {SKIPS} skipped cycles")
    return {
        "name": "cycle.skip",
        "value": round(statistics.median(times), 2),
        "p95": round(percentile(times, 95), 2),
        "unit": "ms",
        "runs": SKIPS,
        "forks": forks,
    }


def aider_command(stage: Any, folder: Path) -> float:
    """Return the milliseconds of the second of two runs of the ``aider`` command.

    Raises:
        AssertionError: its result on disk is not the one that the cycle landed.
    """
    times = []
    for number in (1, 2):
        place = folder / f"command-{number}"
        place.mkdir()
        for path, text in stage.files_before(number).items():
            (place / path).write_text(text, encoding="utf-8")
        (folder / "prompt.txt").write_text(stage.last_prompt, encoding="utf-8")
        stage.enqueue(number)
        with home(folder) as environment:
            started = time.perf_counter()
            done = subprocess.run(
                [*command(stage), "--message-file", str(folder / "prompt.txt"),
                 *stage.file_arguments()],
                cwd=place, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                check=False, timeout=120,
            )  # fmt: skip
            times.append((time.perf_counter() - started) * 1000)
        landed = (place / stage.path).read_text(encoding="utf-8")
        if landed != stage.text_after(number):
            raise AssertionError(done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])
    return times[1]


def command(stage: Any) -> list[str]:
    return [
        str(Path(sys.executable).with_name("aider")), "--no-git", "--yes-always",
        "--no-check-update", "--no-show-release-notes", "--no-show-model-warnings",
        "--analytics-disable", "--no-pretty", "--max-chat-history-tokens", "100000000",
        "--model", "openai/instant", "--edit-format", "diff",
        "--openai-api-base", stage.model.api_base, "--openai-api-key", "none",
    ]  # fmt: skip


@contextmanager
def home(folder: Path) -> Iterator[dict[str, str]]:
    """Give the command a home whose caches spare it the network."""
    place = folder / "home"
    caches = place / ".aider" / "caches"
    caches.mkdir(parents=True, exist_ok=True)
    prices = caches / "model_prices_and_context_window.json"
    prices.write_text('{"openai/instant": {"max_tokens": 8192}}', encoding="utf-8")
    yield {
        "HOME": str(place),
        "PATH": os.environ["PATH"],
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LANG": "C.UTF-8",
    }
