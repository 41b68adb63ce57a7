"""What putting two people's work together costs: ``files.merge``, beside ``git merge-file``."""

import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.figures import milliseconds, percentile
from bench.place import prose

MERGES = 30
SIZE = 1024 * 1024


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of three-way merges of a file as large as a file may be."""
    import django

    django.setup()
    base, theirs, mine = sides(prose(SIZE))
    for name, text in {"base": base, "theirs": theirs, "mine": mine}.items():
        (folder / name).write_text(text, encoding="utf-8")
    yield figures(folder, base, theirs, mine)


def sides(base: str) -> tuple[str, str, str]:
    """Return a text and two edits of it that do not overlap, as an agent and a person make them.

    The agent rewords lines all over the text and adds a section; the person rewords others,
    removes a paragraph and writes a new one.
    """
    lines = base.split("\n")
    theirs = [f"{line} (checked)" if at % 100 == 10 else line for at, line in enumerate(lines)]
    theirs[500:500] = [f"Added by the agent, line {number}." for number in range(200)]
    mine = [f"{line} Indeed." if at % 100 == 60 else line for at, line in enumerate(lines)]
    mine[7020:7030] = [f"Written by the person, line {number}." for number in range(30)]
    return base, "\n".join(theirs), "\n".join(mine)


def figures(folder: Path, base: str, theirs: str, mine: str) -> dict[str, Any]:
    from missions.merge import merge

    beside = command(folder)
    merged = merge(base, theirs, mine).text
    if merged is None or merged != beside().decode():
        raise AssertionError("the two do not agree about the result")
    times: list[float] = []
    versus: list[float] = []
    for _ in range(MERGES):
        times += milliseconds(lambda: merge(base, theirs, mine), times=1)
        versus += milliseconds(beside, times=1)
    value, versus_value = statistics.median(times), statistics.median(versus)
    return {
        "name": "files.merge",
        "value": round(value, 1),
        "p95": round(percentile(times, 95), 1),
        "unit": "ms",
        "versus": " ".join(arguments()[:2]),
        "versus_value": round(versus_value, 1),
        "ratio": round(versus_value / value, 2),
        "bytes": len(base.encode()),
        "runs": MERGES,
    }


def command(folder: Path) -> Callable[[], bytes]:
    """Return what a user would do instead, with the three files in ``folder``."""

    def merge_files() -> bytes:
        done = subprocess.run(arguments(), cwd=folder, capture_output=True, check=True, timeout=60)
        return done.stdout

    return merge_files


def arguments() -> list[str]:
    if shutil.which("git"):
        return ["git", "merge-file", "--stdout", "theirs", "base", "mine"]
    return ["diff3", "--merge", "theirs", "base", "mine"]
